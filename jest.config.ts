/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const IGNORED = ['/node_modules/', '/dist/'];

const common: Config = {
  roots: ['<rootDir>/packages', '<rootDir>/test', '<rootDir>/bench'],
  testPathIgnorePatterns: IGNORED,
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    '^@pgweir/(protocol|pooler|control|testkit)$': '<rootDir>/packages/$1/src',
  },
};

const config: Config = {
  projects: [
    {
      ...common,
      displayName: 'node',
      testEnvironment: 'node',
      testMatch: ['**/test/**/*.test.ts'],
    },
    {
      ...common,
      displayName: 'bun',
      testEnvironment: '<rootDir>/test/bun-environment.js',
      testMatch: ['**/test/e2e/**/*.test.ts'],
      testPathIgnorePatterns: [
        ...IGNORED,
        // These start both runtimes by themselves.
        ...['/e2e/workers', '/e2e/restart', '/e2e/executable'],
        // What is decided and when, which is the same code on both. Sockets, commands, leases, HTTP and
        // the work of clients are tried on Bun, too: in failover, switchover, promotion, patroni,
        // read-write-split and health.
        '/e2e/control-',
      ],
    },
  ],
  reporters: ['default', '<rootDir>/test/count-reporter.js'],
  testTimeout: 30_000,
  // Tests wait for PostgreSQL as much as they work themselves.
  maxWorkers: '100%',
  // A suite that fails in the middle may leave a server behind, which would keep the run from ending.
  forceExit: true,
};

export default config;
