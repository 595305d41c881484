/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const config: Config = {
  testEnvironment: 'node',
  roots: ['<rootDir>/packages', '<rootDir>/test', '<rootDir>/bench'],
  testMatch: ['**/test/**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    '^@pgweir/(protocol|pooler|testkit)$': '<rootDir>/packages/$1/src',
  },
  reporters: ['default', '<rootDir>/test/count-reporter.js'],
  testTimeout: 30_000,
  // A suite that fails in the middle may leave a server behind, which would keep the run from ending.
  forceExit: true,
};

export default config;
