import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir } from '@pgweir/testkit';
import type { AccessRule } from '../../src/access/access-rules';
import type { CredentialSource } from '../../src/ports/credential-source';
import type { SocketPeer } from '../../src/ports/socket-peers';
import type { TlsInfo } from '../../src/ports/transport';
import type { VirtualClient, VirtualDatabase } from '../../src/ports/virtual-database';
import type { PoolerSettings } from '../../src/settings/settings';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';
import { poolerSettings } from '../kit/settings';
import { TestClient } from '../kit/test-client';

const PASSWORD = 'right';
const KNOWN = ['alice', 'bob', 'pgbouncer'];
const CREDENTIALS: CredentialSource = {
  lookup: (user) => (KNOWN.includes(user) ? { kind: 'plain', password: PASSWORD } : undefined),
};
const NONE = { all: false, sameUser: false, replication: false, names: [] };
const ALL = { ...NONE, all: true };
/** Its common name is `alice`. */
const CERTIFICATE = new X509Certificate(readFileSync(join(certsDir(), 'client.crt'))).raw;

class Console implements VirtualDatabase {
  readonly names = ['pgbouncer', 'pgweir'];
  readonly opened: VirtualClient[] = [];
  readonly #admits: boolean;

  constructor({ admits }: { readonly admits: boolean }) {
    this.#admits = admits;
  }

  admits(): boolean {
    return this.#admits;
  }

  parameters(): ReadonlyMap<string, string> {
    return new Map();
  }

  open(client: VirtualClient) {
    this.opened.push(client);
    return { message: () => undefined, canceled: () => undefined, closed: () => undefined };
  }
}

function rule(changes: Partial<AccessRule>): AccessRule {
  return {
    ...{ connection: 'host', databases: ALL, users: ALL },
    ...{ network: undefined, method: 'trust', identMap: undefined },
    ...changes,
  };
}

interface Attempt {
  readonly rules?: readonly Partial<AccessRule>[];
  readonly settings?: Partial<PoolerSettings>;
  readonly startup?: Readonly<Record<string, string>>;
  readonly tls?: Partial<TlsInfo>;
  /** It comes by a Unix socket, from this peer. */
  readonly peer?: SocketPeer | 'unknown';
  readonly console?: Console;
  readonly password?: string;
}

const TLS: TlsInfo = {
  ...{ protocol: 'TLSv1.3', cipher: 'x', alpn: undefined, localCertificate: undefined },
  ...{ peerCertificate: CERTIFICATE, peerVerified: true },
};

/** One login; what came back, as tags with the SQLSTATE and text of an error. */
async function attempt(options: Attempt): Promise<string> {
  const { peer, rules = [], settings = { authType: 'hba' } } = options;
  const rig = await Rig.open(
    { ...settings, accessRules: rules.map(rule) },
    {
      credentials: CREDENTIALS,
      virtualDatabases: options.console === undefined ? [] : [options.console],
      socketPeers: { peerOf: () => (peer === 'unknown' ? undefined : peer) },
    },
  );
  const remote = { kind: 'unix', path: '/tmp/.s.PGSQL.6432' } as const;
  const client = peer === undefined ? rig.stranger() : new TestClient(rig.server.accept(remote));
  if (peer !== undefined) client.wire.descriptor = 7;
  if (options.tls !== undefined) client.wire.tls = { ...TLS, ...options.tls };
  client.start({ user: 'alice', database: 'app', ...options.startup });
  await rig.settle();
  if (options.password !== undefined) {
    client.send(frame('p', `${options.password}\0`));
    await rig.settle();
  }
  const error = client.errors.map(({ code, message }) => ` ${code} ${message}`).join('');
  const kind = client.messages.find(({ tag }) => tag === 'R')?.body.readInt32BE(0);
  await rig.stop();
  return client.tags.endsWith('Z') ? 'in' : `${kind ?? ''}${error}`;
}

const NO_METHOD = ' 28000 no authentication method is found';
const NO_CERTIFICATE = ' 28000 certificate authentication failed';
const NO_PEER = ' 28000 unix socket login rejected';

describe('the method of the first rule that fits is used', () => {
  test.each([
    [{ method: 'trust' }, 'in'],
    [{ method: 'reject' }, ' 28000 login rejected'],
    [{ method: 'plain' }, '3'],
    [{ method: 'md5' }, '5'],
    [{ method: 'scram-sha-256' }, '10'],
    [{ users: { ...NONE, names: ['bob'] } }, NO_METHOD],
    [{ network: { address: [10, 0, 0, 9], mask: [255, 255, 255, 255] } }, 'in'],
    [{ network: { address: [10, 0, 0, 8], mask: [255, 255, 255, 255] } }, NO_METHOD],
    [{ connection: 'hostssl' }, NO_METHOD],
    [{ connection: 'local' }, NO_METHOD],
  ] as const)('%j: %s', async (changes, expected) => {
    expect(await attempt({ rules: [changes] })).toBe(expected);
  });

  test('with no rule at all nobody gets in', async () => {
    expect(await attempt({})).toBe(NO_METHOD);
  });

  test('a password is checked as ever', async () => {
    const rules = [{ method: 'plain' }] as const;
    expect(await attempt({ rules, password: PASSWORD })).toBe('in');
    expect(await attempt({ rules, password: 'wrong' })).toBe(
      '3 28P01 password authentication failed',
    );
  });

  test('TLS is what hostssl asks for', async () => {
    expect(await attempt({ rules: [{ connection: 'hostssl' }], tls: {} })).toBe('in');
    expect(await attempt({ rules: [{ connection: 'hostnossl' }], tls: {} })).toBe(NO_METHOD);
  });

  test('rules mean nothing to another auth_type', async () => {
    const rules = [{ method: 'reject' }] as const;
    expect(await attempt({ rules, settings: { authType: 'trust' } })).toBe('in');
  });
});

describe('a user that does not exist', () => {
  const startup = { user: 'mallory' };

  test.each([
    ['plain', '3'],
    ['md5', '5'],
    ['scram-sha-256', '10'],
  ] as const)('is asked for a password by %s, as others are', async (method, expected) => {
    expect(await attempt({ rules: [{ method }], startup })).toBe(expected);
  });

  test('is not trusted, whatever vouches for it', async () => {
    const everyone = [
      { systemName: 'alice', user: undefined },
      { systemName: 'root', user: undefined },
    ];
    expect(await attempt({ rules: [{ method: 'trust' }], startup })).toBe(
      ' 28000 "trust" authentication failed',
    );
    const cert = { method: 'cert', identMap: everyone } as const;
    expect(await attempt({ rules: [cert], startup, tls: {} })).toBe(NO_CERTIFICATE);
    const local = { connection: 'local', method: 'peer', identMap: everyone } as const;
    const peer = { userName: 'root', isOwnUser: true };
    expect(await attempt({ rules: [local], startup, peer })).toBe(NO_PEER);
  });
});

describe.each(['rule', 'auth_type'])('cert by %s', (by) => {
  const how: Attempt =
    by === 'rule' ? { rules: [{ method: 'cert' }] } : { settings: { authType: 'cert' } };

  test('lets the user in whose name the certificate has', async () => {
    expect(await attempt({ ...how, tls: {} })).toBe('in');
    expect(await attempt({ ...how, tls: {}, startup: { user: 'bob' } })).toBe(NO_CERTIFICATE);
  });

  test.each([
    ['without TLS', undefined],
    ['without a certificate', { peerCertificate: undefined, peerVerified: false }],
    ['with a certificate that nobody has verified', { peerVerified: false }],
    ['with what is no certificate', { peerCertificate: Buffer.from('alice') }],
  ])('refuses a client %s', async (_what, tls) => {
    const options = tls === undefined ? how : { ...how, tls };
    expect(await attempt(options)).toBe(NO_CERTIFICATE);
  });

  test('refuses clients of a Unix socket', async () => {
    const rules = [{ connection: 'local', method: 'cert' }] as const;
    const local = by === 'rule' ? { rules } : how;
    expect(await attempt({ ...local, peer: { userName: 'alice', isOwnUser: true } })).toBe(
      NO_CERTIFICATE,
    );
  });
});

test('a map says as whom the owner of a certificate may log in, and only that', async () => {
  const identMap = [{ systemName: 'alice', user: 'bob' }];
  const rules = [{ method: 'cert', identMap }] as const;
  expect(await attempt({ rules, tls: {}, startup: { user: 'bob' } })).toBe('in');
  expect(await attempt({ rules, tls: {} })).toBe(NO_CERTIFICATE);
});

describe('peer', () => {
  const rules = [{ connection: 'local', method: 'peer' }] as const;
  const mapped = [{ ...rules[0], identMap: [{ systemName: 'root', user: 'alice' }] }];
  const named = (userName: string | undefined) => ({ userName, isOwnUser: true });

  test.each([
    ['the same name', rules, named('alice'), 'in'],
    ['another name', rules, named('root'), NO_PEER],
    ['a number without a name', rules, named(undefined), NO_PEER],
    ['nobody who could be told', rules, 'unknown', NO_PEER],
    ['a mapped name', mapped, named('root'), 'in'],
    ['a name that the map does not have', mapped, named('alice'), NO_PEER],
  ] as const)('%s', async (_what, given, peer, expected) => {
    expect(await attempt({ rules: given, peer })).toBe(expected);
  });
});

describe('replication', () => {
  const replication = { databases: { ...NONE, replication: true }, method: 'reject' } as const;
  const rules = [replication, { databases: { ...NONE, names: ['app'] } }];

  test.each([
    ['true', ' 28000 login rejected'],
    ['database', 'in'],
    ['DataBase', 'in'],
    ['off', 'in'],
  ])('%s', async (value, expected) => {
    expect(await attempt({ rules, startup: { replication: value } })).toBe(expected);
  });

  test('all databases do not include the stream of the whole cluster', async () => {
    expect(await attempt({ rules: [{}], startup: { replication: 'on' } })).toBe(NO_METHOD);
  });
});

describe('the console', () => {
  const only = [{ databases: { ...NONE, names: ['pgbouncer'] } }];

  test.each(['pgbouncer', 'pgweir'])('is matched as pgbouncer when called %s', async (database) => {
    const startup = { database };
    expect(await attempt({ rules: only, startup, console: new Console({ admits: true }) })).toBe(
      'in',
    );
    const other = [{ databases: { ...NONE, names: ['pgweir'] } }];
    expect(await attempt({ rules: other, startup, console: new Console({ admits: true }) })).toBe(
      NO_METHOD,
    );
  });

  const startup = { user: 'pgbouncer', database: 'pgbouncer' };
  const own = { userName: 'root', isOwnUser: true };
  const other = { userName: 'root', isOwnUser: false };
  const md5 = { settings: { authType: 'md5' } } as const;

  test('lets its own user of the system in as pgbouncer by Unix socket, without a password', async () => {
    const console = new Console({ admits: false });
    expect(await attempt({ ...md5, startup, peer: own, console })).toBe('in');
    expect(console.opened).toMatchObject([{ user: 'pgbouncer', isOwner: true }]);
  });

  test.each([
    ['another user of the system', { startup, peer: other }],
    ['somebody who cannot be told', { startup, peer: 'unknown' }],
    ['a client by TCP', { startup }],
    ['another name', { startup: { ...startup, user: 'alice' }, peer: own }],
  ] as const)('asks %s for a password', async (_who, how) => {
    const console = new Console({ admits: false });
    expect(await attempt({ ...md5, ...how, console })).toBe('5');
    expect(console.opened).toEqual([]);
  });

  test('takes nobody for its owner who has come in with a password', async () => {
    const console = new Console({ admits: true });
    const plain = { settings: { authType: 'plain' }, password: PASSWORD } as const;
    expect(await attempt({ ...plain, startup, peer: other, console })).toBe('in');
    expect(console.opened).toMatchObject([{ isOwner: false }]);
  });

  test('has no shortcut into other databases', async () => {
    expect(await attempt({ ...md5, startup: { ...startup, database: 'app' }, peer: own })).toBe(
      '5',
    );
  });

  test('who comes in is logged as with any database, who does not is not', async () => {
    for (const admits of [true, false]) {
      const rig = await Rig.open(
        { authType: 'trust' },
        { credentials: CREDENTIALS, virtualDatabases: [new Console({ admits })] },
      );
      rig.stranger().start({ ...startup, user: 'alice' });
      await rig.settle();
      const logins = rig.log.lines.filter(({ message }) => message === 'login attempt');
      await rig.stop();
      const fields = { user: 'alice', database: 'pgbouncer' };
      expect(logins).toMatchObject(admits ? [{ fields }] : []);
    }
  });
});

test('a reload decides about new logins only', async () => {
  const rig = await Rig.open(
    { authType: 'hba', accessRules: [rule({})] },
    { credentials: CREDENTIALS },
  );
  const before = await rig.client();
  const reject = poolerSettings({ authType: 'hba', accessRules: [rule({ method: 'reject' })] });
  rig.pooler.reload(reject, CREDENTIALS);
  await rig.settle();
  expect(before.closed).toBe(false);
  const after = rig.caller();
  await rig.settle();
  expect(after.errors).toMatchObject([{ code: '28000', message: 'login rejected' }]);
  await rig.stop();
});
