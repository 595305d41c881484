import { databaseName, userName } from '@pgweir/pooler';
import type { DaemonConfig } from '../../src/config/daemon-config';
import { loadConfig } from '../../src/config/load';
import { checkCaps } from '../../src/doctor/cap-checks';
import { checkExpiry } from '../../src/doctor/certificates';
import { checkClocks, checkEntryServers } from '../../src/doctor/cluster-checks';
import type { Examined, ExaminedLogin } from '../../src/doctor/examine';
import type { Reach, TlsReach } from '../../src/doctor/reach';
import { checkServer } from '../../src/doctor/server-checks';
import type { ServerFacts } from '../../src/doctor/server-facts';
import { checkSettings } from '../../src/doctor/settings-checks';

const NOW_MS = Date.parse('2026-11-28');
const DAY_MS = 86_400_000;

const FACTS: ServerFacts = {
  ...{ version: 180_001, versionText: '18.1', inRecovery: false, readOnly: false },
  ...{ systemIdentifier: '1', startedAt: '1', connectionsMax: 100, connectionsUsable: 97 },
  ...{ connectionsUsed: 0, roleLimit: -1, databaseLimit: -1, idleTransactionTimeoutMs: 60_000 },
  ...{ clockMs: 0, lagMs: 0, feedback: true, standbyDelayMs: 30_000 },
};

function configOf(databases: string, settings = '', users = '"web" "x"\n'): DaemonConfig {
  const text = `[databases]\n${databases}\n[pgbouncer]\nauth_file = /users\nauth_type = trust\n${settings}\n`;
  const result = loadConfig('/c.ini', {
    cwd: '/',
    readFile: (file) => {
      if (file === '/c.ini') return text;
      if (file === '/users') return users;
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
  });
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  return result.config;
}

interface Seen {
  readonly host?: string;
  readonly facts?: Partial<ServerFacts>;
  readonly tls?: TlsReach;
  readonly reach?: Reach;
  readonly logins?: readonly ExaminedLogin[];
  readonly aheadMs?: number;
}

/** The entry `app` of a configuration, as somebody who got in saw it. */
function seen(
  config: DaemonConfig,
  { host = 'db1', facts, tls, reach, logins, aheadMs = 0 }: Seen,
): Examined {
  const name = databaseName('app');
  const entry = config.pooler.databases.get(name);
  if (entry === undefined) throw new Error('the configuration has no app');
  const inside: ExaminedLogin = {
    ...{ user: userName('web'), kind: 'own', asker: undefined },
    outcome: {
      ...{ kind: 'in', facts: { ...FACTS, ...facts }, aheadMs, uncertainMs: 5 },
      authQuery: undefined,
    },
  };
  return {
    ...{ name, entry, address: { host, port: 5432 }, logins: logins ?? [inside] },
    reach: reach ?? { kind: 'reached', tookMs: 1, tls: tls ?? { kind: 'off' } },
  };
}

const names = (diagnoses: readonly { readonly name: string; readonly verdict: string }[]) =>
  diagnoses.filter(({ verdict }) => verdict !== 'ok').map(({ name }) => name);

const good = { kind: 'on', protocol: 'TLSv1.3', endsAtMs: NOW_MS + 90 * DAY_MS } as const;

test.each([
  ['prefer', { ...good, chainFault: undefined, nameFault: undefined }, []],
  [
    'prefer',
    { ...good, chainFault: 'SELF_SIGNED', nameFault: undefined },
    ['certificate-unverified'],
  ],
  [
    'verify-ca',
    { ...good, chainFault: 'SELF_SIGNED', nameFault: 'x' },
    ['certificate-untrusted', 'certificate-unverified'],
  ],
  [
    'verify-full',
    { ...good, chainFault: undefined, nameFault: 'it is for DNS:db9' },
    ['certificate-name'],
  ],
  [
    'require',
    { ...good, protocol: 'TLSv1', chainFault: undefined, nameFault: undefined },
    ['tls-old'],
  ],
  ['require', { kind: 'failed', reason: 'no shared cipher' }, ['tls-failed']],
  ['require', { kind: 'refused' }, ['tls-missing']],
  ['prefer', { kind: 'refused' }, []],
] as const)('sslmode = %s and a server with %j', (mode, tls, expected) => {
  const ca = mode.startsWith('verify') ? '\nserver_tls_ca_file = /ca' : '';
  const config = configOf('app = host=db1', ca === '' ? `server_tls_sslmode = ${mode}` : '');
  const withMode =
    ca === ''
      ? config
      : {
          ...config,
          pooler: { ...config.pooler, serverTls: { ...config.pooler.serverTls, mode } },
        };
  expect(names(checkServer(seen(withMode, { tls }), withMode, NOW_MS))).toEqual(expected);
});

test.each([
  [-1, 'certificate-expired'],
  [29, 'certificate-expires-soon'],
  [31, 'certificate'],
])('a certificate with %i days left is %s', (days, name) => {
  expect(checkExpiry('x', NOW_MS + days * DAY_MS, NOW_MS).name).toBe(name);
});

test('clocks count by what is certain', () => {
  const clock = (aheadMs: number, uncertainMs: number) =>
    checkClocks([{ where: 'db1', facts: FACTS, aheadMs, uncertainMs }])[0]?.name;
  expect(clock(900, 5)).toBe('clock');
  expect(clock(1900, 1000)).toBe('clock');
  expect(clock(-2000, 5)).toBe('clock-differs');
});

test('old and mixed versions, lag, and reads that replay would cancel', () => {
  const config = configOf('app = host=db1,db2 user=web read_write_split=on');
  const examined = [
    seen(config, { facts: { version: 130_010, versionText: '13.10' } }),
    seen(config, { host: 'db2', facts: { inRecovery: true, lagMs: 60_000, feedback: false } }),
  ];
  expect(names(checkEntryServers(examined, config)).sort()).toEqual([
    'mixed-versions',
    'old-version',
    'replica-behind',
    'replica-cancels',
  ]);
});

test('nobody has a limit for clients that stop inside transactions', () => {
  const check = (settings: string, serverMs: number) => {
    const config = configOf('app = host=db1 user=web', settings);
    const facts = { idleTransactionTimeoutMs: serverMs };
    return names(checkEntryServers([seen(config, { facts })], config));
  };
  expect(check('pool_mode = transaction', 0)).toEqual(['idle-in-transaction']);
  expect(check('pool_mode = transaction', 1000)).toEqual([]);
  expect(check('pool_mode = transaction\nidle_transaction_timeout = 5', 0)).toEqual([]);
  expect(check('pool_mode = session', 0)).toEqual([]);
});

test.each([
  ['one user of an entry', 'app = host=db1 user=web pool_size=10', '', 10],
  ['the reserve counts', 'app = host=db1 user=web pool_size=10 reserve_pool_size=5', '', 15],
  ['each user of auth_file', 'app = host=db1 pool_size=10', '', 20],
  ['max_db_connections bounds them', 'app = host=db1 pool_size=10', 'max_db_connections = 12', 12],
  [
    'max_user_connections bounds each',
    'app = host=db1 pool_size=10',
    'max_user_connections = 3',
    6,
  ],
  ['a part of max_connections', 'app = host=db1 pool_size=50', 'max_connections_percent = 40', 40],
])('the cap of an entry: %s', (_what, databases, settings, links) => {
  const config = configOf(databases, settings, '"web" "x"\n"job" "x"\n');
  expect(checkCaps([seen(config, {})], config, 1)).toEqual([
    expect.objectContaining({
      name: 'caps',
      message: expect.stringMatching(`^${links} \\(app ${links}\\) of 97`),
    }),
  ]);
});

const both = (config: DaemonConfig) =>
  ['app', 'job'].map((name) => ({ ...seen(config, {}), name: databaseName(name) }));

test('max_user_connections bounds a user over all databases', () => {
  const databases = 'app = host=db1 pool_size=60\njob = host=db1 pool_size=60';
  const message = (settings: string) => {
    const config = configOf(databases, settings);
    return checkCaps(both(config), config, 1).at(-1)?.message;
  };
  expect(message('')).toMatch(/^120 \(app 60, job 60\) of 97/);
  expect(message('max_user_connections = 70')).toMatch(/^70 /);
  expect(message('max_user_connections = 70\nmax_db_connections = 20')).toMatch(/^40 /);
  expect(message('max_user_connections = 70\n[users]\nweb = max_user_connections=30')).toMatch(
    /^30 /,
  );
});

test('whoever watches a server has a connection beside the pools', () => {
  const message = (more: string, settings = '') => {
    const config = configOf(`app = host=db1 user=web pool_size=10 ${more}`, settings);
    return checkCaps([seen(config, {})], config, 1).at(-1)?.message;
  };
  expect(message('')).toMatch(/^10 /);
  expect(message('target_session_attrs=primary')).toMatch(/^11 /);
  expect(message('target_session_attrs=primary', 'health_check_user = web')).toMatch(/^11 /);
  // As the link budget has it: there it is one of these.
  expect(message('target_session_attrs=primary max_db_connections=10')).toMatch(/^10 /);
});

test.each([
  ['', ['caps-unbounded']],
  // It holds for each of the databases that clients name.
  ['max_db_connections = 20', ['caps-unbounded']],
  ['max_user_connections = 20', []],
  ['max_connections_percent = 20', []],
])('the entry * has pools for whatever clients name: %j', (settings, expected) => {
  const config = configOf('* = host=db1', settings);
  const { fallbackDatabase: entry } = config.pooler;
  if (entry === undefined) throw new Error('the configuration has no *');
  const app = configOf('app = host=db1');
  const visit = { ...seen(app, {}), name: databaseName('*'), entry };
  expect(names(checkCaps([visit], config, 1))).toEqual(expected);
});

test('two names of one server have one sum, two servers have two', () => {
  const config = configOf('app = host=db1,db2 user=web pool_size=60');
  const twice = [seen(config, {}), seen(config, { host: '10.0.0.1' })];
  expect(checkCaps(twice, config, 1)).toHaveLength(1);
  expect(names(checkCaps(twice, config, 2))).toEqual(['caps-above-server']);
  const two = [seen(config, {}), seen(config, { host: 'db2', facts: { startedAt: '2' } })];
  expect(checkCaps(two, config, 1)).toHaveLength(2);
});

test('a pool without a size has no bound', () => {
  const config = configOf('app = host=db1 user=web pool_size=0');
  expect(names(checkCaps([seen(config, {})], config, 1))).toEqual([
    'caps-unbounded',
    'caps-above-server',
  ]);
});

test.each([
  ['dashboard = on\nmetrics_addr = *:9930', ['page-in-clear']],
  ['dashboard = private\ndashboard_password = x\nmetrics_addr = 10.0.0.1:1', ['page-in-clear']],
  ['dashboard = on\nmetrics_addr = 127.0.0.1:9930', []],
  ['metrics_addr = *:9930', []],
])('the page is for nobody on the way: %j', (settings, expected) => {
  const config = configOf('app = host=127.0.0.1', `admin_users = dba\n${settings}`);
  expect(names(checkSettings(config))).toEqual(expected);
});

test('what is said to this machine alone need not be secret', () => {
  const here = configOf('app = host=127.0.0.1', 'admin_users = dba\nlisten_addr = 127.0.0.1,::1');
  expect(names(checkSettings(here))).toEqual([]);
  const away = configOf('app = host=db1', 'admin_users = dba\nlisten_addr = 10.0.0.1');
  expect(names(checkSettings(away))).toEqual([
    'open-to-everybody',
    'client-tls-off',
    'server-not-verified',
  ]);
});
