/**
 * Who may import what: the direction protocol <- pooler <- control <- cli, and leaves that only cli
 * plugs in. A folder as value means "only below that folder of src"; '' means everywhere.
 */
export interface PackageRule {
  /** Packages of ours that it may load at run time. */
  readonly packages: readonly string[];
  /** Packages of ours of which it may know the types only. */
  readonly types?: readonly string[];
  /** Packages of ours that it may load only when the configuration asks for them. */
  readonly lazily?: readonly string[];
  /** Packages of ours that it starts as a program and does not import. */
  readonly programs?: readonly string[];
  readonly node: 'any' | Readonly<Record<string, string>>;
  readonly npm: 'declared' | Readonly<Record<string, string>>;
  /** Globals of the runtime that it may use: `name`, `name.member` or `name.*`. */
  readonly globals: 'any' | Readonly<Record<string, string>>;
}

/** Globals that reach outside the program, or that make time pass. */
export const RUNTIME_GLOBALS: ReadonlySet<string> = new Set([
  ...['process', 'console', 'globalThis', 'global', 'Bun', 'Deno', 'fetch', 'WebSocket'],
  ...['setTimeout', 'setInterval', 'setImmediate'],
]);

const PROTOCOL = '@pgweir/protocol';
const POOLER = '@pgweir/pooler';
const CONTROL = '@pgweir/control';
const AWS = '@pgweir/aws';
const DASHBOARD = '@pgweir/dashboard';
const TESTKIT = '@pgweir/testkit';
const DAEMON = 'pgweir';

export const DEPENDENCY_RULES: Readonly<Record<string, PackageRule>> = {
  [PROTOCOL]: {
    packages: [],
    node: { 'node:buffer': '', 'node:crypto': 'auth/' },
    npm: { 'pg-protocol': '', '@mongodb-js/saslprep': 'auth/' },
    globals: {},
  },
  [POOLER]: {
    packages: [PROTOCOL],
    node: {
      'node:crypto': '',
      // Sockets live behind the Transport port, and so does what names their errors.
      'node:net': 'net/',
      'node:tls': 'net/',
      'node:util': 'net/',
      'node:util/types': 'net/',
    },
    npm: { 'libpg-query': '' },
    globals: {
      // Elsewhere time is the Clock port.
      setTimeout: 'net/',
      setImmediate: 'net/',
      'process.nextTick': 'net/',
      // The way to the handle below a socket; no environment, arguments or signals.
      process: 'net/raw-handle.ts',
      'process.platform': 'net/raw-handle.ts',
      'process.versions': 'net/raw-handle.ts',
      'Bun.*': 'net/',
    },
  },
  [CONTROL]: {
    packages: [PROTOCOL],
    types: [POOLER],
    node: {
      'node:dns': '',
      'node:dns/promises': '',
      'node:net': 'probe/',
      'node:stream': 'probe/',
      'node:tls': 'probe/',
      // Patroni speaks HTTP.
      'node:http': 'sources/',
      'node:https': 'sources/',
    },
    npm: { pg: '' },
    globals: 'any',
  },
  [AWS]: {
    packages: [],
    types: [POOLER, CONTROL],
    // STS is asked without an SDK: what is sent and what is not must be plain to see.
    node: { 'node:crypto': '', 'node:http': 'identity/', 'node:https': 'identity/' },
    npm: { '@aws-sdk/*': '', '@smithy/*': '', '@aws-crypto/*': '' },
    globals: 'any',
  },
  [DASHBOARD]: {
    packages: [],
    // What bundles the page; the page itself runs in a browser.
    node: { 'node:fs': 'bundle/', 'node:path': 'bundle/' },
    npm: { esbuild: 'bundle/', preact: 'page/', uplot: 'page/' },
    globals: 'any',
  },
  [DAEMON]: {
    packages: [PROTOCOL, POOLER, CONTROL],
    types: [AWS, DASHBOARD],
    lazily: [AWS, DASHBOARD],
    node: 'any',
    npm: 'declared',
    globals: 'any',
  },
  [TESTKIT]: { packages: [PROTOCOL], node: 'any', npm: 'declared', globals: 'any' },
  '@pgweir/demo': {
    packages: [TESTKIT],
    programs: [DAEMON],
    node: 'any',
    npm: 'declared',
    globals: 'any',
  },
  // A leaf that builds what is handed out. It imports nothing of what it builds.
  '@pgweir/release': { packages: [TESTKIT], node: 'any', npm: 'declared', globals: 'any' },
  // A leaf for people to copy from. It plays AWS and starts the daemon as the tests do.
  '@pgweir/example-serverless': {
    packages: [TESTKIT, AWS],
    programs: [DAEMON],
    node: 'any',
    npm: 'declared',
    globals: 'any',
  },
  // A leaf that measures: it may ask the daemon's package for its version, and has a relay on the
  // pooler's sockets. Nothing imports it.
  '@pgweir/bench': {
    packages: [TESTKIT, DAEMON, POOLER],
    node: 'any',
    npm: 'declared',
    globals: 'any',
  },
};

/** Imports whose specifier is computed, with the reason. */
export const COMPUTED_IMPORTS: Readonly<Record<string, string>> = {
  'packages/testkit/src/postgres/binaries.ts': 'one npm package for each platform and version',
};
