/** @jest-config-loader esbuild-register */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from 'jest';

/** The test kit's index loads what a test takes from it: all would be half a second for each file. */
function loadsLittle(): Record<string, [string, object]> {
  const index = readFileSync(join(__dirname, 'packages/testkit/src/index.ts'), 'utf8');
  const names = /^export \{[^}]*\} from '(\.[^']+)'/gm;
  const lazy = [...index.matchAll(names)].map(([, from]) => from);
  return { '/packages/testkit/src/index\\.ts$': compiled({ lazy }) };
}

function compiled(module: object = {}): [string, object] {
  const jsc = { target: 'es2022', parser: { syntax: 'typescript' } };
  return ['@swc/jest', { jsc, module: { type: 'commonjs', ...module } }];
}

const IGNORED = ['/node_modules/', '/dist/'];

/** What is the same code on both runtimes is tried on one; on Bun what meets the runtime itself. */
const NOT_ON_BUN = [
  // These start both runtimes by themselves.
  '/e2e/(workers|restart|executable|dashboard|http|metrics|tracing|statements)',
  // What is decided and when. Sockets, commands, leases, HTTP and the work of clients are tried in
  // failover, promotion, patroni and read-write-split.
  '/e2e/(control-|patroni-real|health|switchover|aurora|rds-cluster)',
  // Which statement goes to which server, and what of its session goes with it.
  '/e2e/read-write-split-',
  // What sessions and links owe each other. Bytes, sockets and drivers are tried in differential,
  // isolation, state-fuzz, lifecycle, abandon, cancel, burst, drivers-pg and drivers-programs.
  '/e2e/(caps|limits|resets|encodings|listen\\.|conformance|pipeline-fuzz)',
  '/e2e/(drivers-(settings|majors|postgresjs)|programs-transaction)',
  // What is made of a secret's versions, of a token, and of what PostgreSQL answers. Files, HTTP, TLS and
  // logins are tried in secrets-rotation, auth-iam, auth-iam-sts, auth-servers and executable-aws.
  '/e2e/(secrets\\.|secrets-troubles|iam-|auth-query|auth-lookup-page)',
  // What `npx` runs, which is on Node.js.
  '/e2e/newcomer',
  // What a configuration means and what the console says of it.
  '/e2e/(console|reload|environment|pgbouncer-)',
];

const common: Config = {
  roots: ['packages', 'examples', 'test', 'bench'].map((folder) => `<rootDir>/${folder}`),
  testPathIgnorePatterns: IGNORED,
  modulePathIgnorePatterns: ['/dist/'],
  transform: {
    ...loadsLittle(),
    '^.+\\.ts$': compiled(),
  },
  moduleNameMapper: {
    '^@pgweir/(protocol|pooler|control|aws|dashboard|testkit)$': '<rootDir>/packages/$1/src',
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
      testPathIgnorePatterns: [...IGNORED, ...NOT_ON_BUN],
    },
  ],
  testSequencer: '<rootDir>/test/long-first.js',
  reporters: ['default', '<rootDir>/test/count-reporter.js'],
  testTimeout: 30_000,
  // Tests wait for PostgreSQL as much as they work themselves; with more of them some get no turn in time.
  maxWorkers: '100%',
  /** Of `test.concurrent`, in one file. */
  maxConcurrency: 4,
  // A suite that fails in the middle may leave a server behind, which would keep the run from ending.
  forceExit: true,
};

export default config;
