/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

const IGNORED = ['/node_modules/', '/dist/'];

const common: Config = {
  roots: ['packages', 'examples', 'test', 'bench'].map((folder) => `<rootDir>/${folder}`),
  testPathIgnorePatterns: IGNORED,
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  moduleNameMapper: {
    '^@pgweir/(protocol|pooler|control|aws|testkit)$': '<rootDir>/packages/$1/src',
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
        // The real Patroni takes its time; what there is of it on Bun is HTTP, which patroni tries.
        '/e2e/patroni-real',
        // What is made of a secret's versions; files, sockets and logins are tried in secrets-rotation.
        '/e2e/secrets.test',
      ],
    },
  ],
  reporters: ['default', '<rootDir>/test/count-reporter.js'],
  testTimeout: 30_000,
  // Tests wait for PostgreSQL as much as they work themselves; with more of them some get no turn in time.
  maxWorkers: '100%',
  // A suite that fails in the middle may leave a server behind, which would keep the run from ending.
  forceExit: true,
};

export default config;
