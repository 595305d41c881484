import { databaseName, userName } from '@pgweir/pooler';
import { parseSecret } from '@pgweir/protocol';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import type { DaemonConfig } from '../../src/config/daemon-config';
import { loadConfig } from '../../src/config/load';
import { Secrets } from '../../src/secrets/secrets';
import { DENIED, HandStore, json, letPass } from './stage';

const ARN = 'arn:aws:secretsmanager:us-east-1:123456789012:secret';
const SHOP = databaseName('shop');
const FORCED = databaseName('forced');
const OTHER = databaseName('other');
const CONSOLE = databaseName('pgbouncer');

const FILES: Readonly<Record<string, string>> = {
  'a.ini': `[databases]
shop = host=x secret=${ARN}:shop
forced = host=x user=app secret=${ARN}:forced
other = host=x
[users]
ann = secret=${ARN}:ann
bob = secret=${ARN}:bob
[pgbouncer]
auth_file = users.txt
`,
  'users.txt': '"ann" "filed"\n"carl" "filed"\n',
};

function config(ini = FILES['a.ini'] ?? ''): DaemonConfig {
  const result = loadConfig('a.ini', {
    cwd: '/',
    readFile: (file) => {
      const text = { ...FILES, 'a.ini': ini }[file.replace(/^\//, '')];
      if (text === undefined) throw Object.assign(new Error('none'), { code: 'ENOENT' });
      return text;
    },
  });
  if (result.kind === 'failed') throw new Error(JSON.stringify(result.problems));
  return result.config;
}

class Stage {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly stores = new Map<string, HandStore>();
  config = config();
  readonly secrets: Secrets;

  constructor(prepare: (stores: Map<string, HandStore>) => void = () => undefined) {
    for (const name of ['shop', 'forced', 'ann', 'bob'])
      this.stores.set(`${ARN}:${name}`, new HandStore(json(`of-${name}`, null)));
    this.store('shop').texts.current = json('of-shop', 'app');
    prepare(this.stores);
    this.secrets = new Secrets({
      config: () => this.config,
      storeOf: ({ place }) => this.stores.get(place) ?? new HandStore(undefined),
      ...{ clock: this.clock, log: this.log, random: () => 0.5 },
    });
  }

  static async open(prepare?: (stores: Map<string, HandStore>) => void): Promise<Stage> {
    const stage = new Stage(prepare);
    await stage.pass(0);
    return stage;
  }

  store(name: string): HandStore {
    const store = this.stores.get(`${ARN}:${name}`);
    if (store === undefined) throw new Error(`no store ${name}`);
    return store;
  }

  lookup(user: string, database = SHOP) {
    return this.secrets.clientPasswords.lookup(userName(user), database);
  }

  async pass(ms: number): Promise<void> {
    await letPass(this.clock, ms);
  }

  /** Reads again for a user. @returns which secrets, and how long it took */
  async renew(user: string, database = SHOP) {
    for (const store of this.stores.values()) store.asked.length = 0;
    const startMs = this.clock.nowMs();
    let tookMs: number | undefined;
    const begun = this.secrets.clientPasswords.renew?.(userName(user), database, () => {
      tookMs = this.clock.nowMs() - startMs;
    });
    await this.pass(10_000);
    const read = [...this.stores].filter(([, { asked }]) => asked.length > 0).map(([name]) => name);
    return { begun: begun !== undefined, tookMs, read: read.map((name) => name.split(':').at(-1)) };
  }
}

const plain = (password: string, previous?: string) => ({ kind: 'plain', password, previous });

test('the secret of a database is that of the user whom it names, there and nowhere else', async () => {
  const stage = await Stage.open();
  expect(stage.lookup('app')).toEqual(plain('of-shop'));
  expect(stage.lookup('app', OTHER)).toBeUndefined();
  expect(stage.lookup('app', CONSOLE)).toBeUndefined();
  expect(stage.lookup('stranger')).toBeUndefined();
});

test('where it names nobody it is that of the forced user', async () => {
  const stage = await Stage.open();
  expect(stage.lookup('app', FORCED)).toEqual(plain('of-forced'));
  expect(stage.lookup('stranger', FORCED)).toBeUndefined();
});

test('the secret of a user goes before auth_file, everywhere; others are in auth_file', async () => {
  const stage = await Stage.open();
  for (const database of [SHOP, FORCED, OTHER, CONSOLE]) {
    expect(stage.lookup('ann', database)).toEqual(plain('of-ann'));
    expect(stage.lookup('carl', database)).toEqual(parseSecret('filed'));
  }
});

test('a secret that cannot be read leaves its user without a password: not that of auth_file', async () => {
  const stage = await Stage.open((stores) => {
    for (const store of stores.values()) store.fault = DENIED;
  });
  expect(stage.lookup('ann')).toEqual({ kind: 'none' });
  expect(stage.lookup('app', FORCED)).toEqual({ kind: 'none' });
  expect(stage.lookup('app')).toBeUndefined();
  expect(stage.lookup('carl')).toEqual(parseSecret('filed'));
});

test('passwords are lacking for all logins where one of a user is, and for one database where its own is', async () => {
  const { clientPasswords } = (await Stage.open()).secrets;
  expect(clientPasswords.lacks?.(SHOP)).toBe(false);
  const shop = await Stage.open((stores) => {
    const store = stores.get(`${ARN}:shop`);
    if (store !== undefined) store.fault = DENIED;
  });
  expect(shop.secrets.clientPasswords.lacks?.(SHOP)).toBe(true);
  expect(shop.secrets.clientPasswords.lacks?.(OTHER)).toBe(false);
  const ann = await Stage.open((stores) => {
    const store = stores.get(`${ARN}:ann`);
    if (store !== undefined) store.fault = DENIED;
  });
  expect(ann.secrets.clientPasswords.lacks?.(OTHER)).toBe(true);
});

test('for ever only what may come back is lacking: not what is denied, unusable or not there', async () => {
  for (const why of ['denied', 'missing', 'unusable', 'throttled', 'unreachable'] as const) {
    const stage = await Stage.open((stores) => {
      const store = stores.get(`${ARN}:ann`);
      if (store !== undefined) store.fault = { ...DENIED, why };
    });
    const { clientPasswords } = stage.secrets;
    await stage.pass(59_000);
    expect(clientPasswords.lacks?.(OTHER)).toBe(true);
    await stage.pass(1_000);
    const passes = why === 'throttled' || why === 'unreachable';
    expect({ why, lacks: clientPasswords.lacks?.(OTHER) }).toEqual({ why, lacks: passes });
  }
});

test('what was read once is not lacking any more', async () => {
  const stage = await Stage.open();
  stage.store('ann').fault = { ...DENIED, why: 'unreachable' };
  await stage.renew('ann');
  expect(stage.secrets.clientPasswords.lacks?.(OTHER)).toBe(false);
});

test('after a rotation the one before is good, too, and what is only pending never is', async () => {
  const stage = await Stage.open();
  stage.store('shop').texts.pending = json('next', 'app');
  await stage.renew('app');
  expect(stage.lookup('app')).toEqual(plain('of-shop'));
  stage.store('shop').rotate(json('next', 'app'));
  await stage.renew('app');
  expect(stage.lookup('app')).toEqual(plain('next', 'of-shop'));
  await stage.pass(3_600_000);
  expect(stage.lookup('app')).toEqual(plain('next'));
});

test('where two users take turns each has its own password, the one before as long as it may', async () => {
  const stage = await Stage.open();
  stage.store('shop').rotate(json('of-clone', 'app_clone'));
  expect(stage.lookup('app_clone')).toBeUndefined();
  await stage.renew('app_clone');
  expect(stage.lookup('app_clone')).toEqual(plain('of-clone'));
  expect(stage.lookup('app')).toEqual(plain('of-shop'));
  await stage.pass(3_600_000);
  expect(stage.lookup('app')).toBeUndefined();
});

test('the secret of a user that names another one is of no use to anybody', async () => {
  const stage = await Stage.open((stores) => {
    stores.set(`${ARN}:ann`, new HandStore(json('p', 'admin')));
  });
  expect(stage.lookup('ann')).toEqual({ kind: 'none' });
  expect(stage.lookup('admin')).toBeUndefined();
});

test('whoever a wrong password is shown for, as many secrets are read for it: known or not', async () => {
  const stage = await Stage.open();
  await stage.pass(60_000);
  const counts = new Map<string, number>();
  for (const user of ['app', 'ann', 'bob', 'carl', 'stranger', 'somebody']) {
    await stage.pass(120_000);
    const { begun, read, tookMs } = await stage.renew(user);
    expect({ user, begun, tookMs }).toEqual({ user, begun: true, tookMs: 0 });
    counts.set(user, read.length);
    expect(read).toContain('shop');
  }
  expect(new Set(counts.values())).toEqual(new Set([2]));
  expect((await stage.renew('ann', OTHER)).read).toEqual(['ann']);
});

test('the same unknown user is treated alike each time', async () => {
  const stage = await Stage.open();
  const [first] = (await stage.renew('stranger', OTHER)).read;
  for (let i = 0; i < 5; i++) expect((await stage.renew('stranger', OTHER)).read).toEqual([first]);
});

test('without secrets nothing is read, and nobody waits', async () => {
  const stage = await Stage.open();
  stage.config = config('[databases]\nother = host=x\n[pgbouncer]\nauth_file = users.txt\n');
  stage.secrets.reconfigure();
  expect((await stage.renew('ann', OTHER)).begun).toBe(false);
  expect(stage.lookup('ann', OTHER)).toEqual(parseSecret('filed'));
  expect(stage.secrets.seen()).toEqual([]);
  await stage.pass(3_600_000);
  expect(stage.clock.pending).toBe(0);
});

test('a reload that brings a secret has it read, and one that goes on naming it does not', async () => {
  const stage = await Stage.open();
  stage.store('shop').asked.length = 0;
  stage.stores.set(`${ARN}:new`, new HandStore(json('newer', 'app')));
  stage.config = config(`${FILES['a.ini']}[databases]\nother = host=x secret=${ARN}:new\n`);
  stage.secrets.reconfigure();
  await stage.pass(0);
  expect(stage.lookup('app', OTHER)).toEqual(plain('newer'));
  expect(stage.store('shop').asked).toEqual([]);
});

test('what is shown of secrets has no values', async () => {
  const stage = await Stage.open((stores) => {
    const store = stores.get(`${ARN}:bob`);
    if (store !== undefined) store.fault = DENIED;
  });
  const seen = stage.secrets.seen();
  expect(
    seen.map(({ place, databases, users, fault }) => ({ place, databases, users, fault })),
  ).toEqual([
    { place: `${ARN}:shop`, databases: ['shop'], users: [], fault: undefined },
    { place: `${ARN}:forced`, databases: ['forced'], users: [], fault: undefined },
    { place: `${ARN}:ann`, databases: [], users: ['ann'], fault: undefined },
    { place: `${ARN}:bob`, databases: [], users: ['bob'], fault: 'denied: not for you' },
  ]);
});

test('the start waits for what can be read, and not for ever for what cannot', async () => {
  const stage = new Stage((stores) => {
    const store = stores.get(`${ARN}:shop`);
    if (store !== undefined) store.answers = false;
  });
  let ready = false;
  void stage.secrets.ready().then(() => {
    ready = true;
  });
  await stage.pass(4_999);
  expect(ready).toBe(false);
  await stage.pass(1);
  expect(ready).toBe(true);
  expect(stage.lookup('ann')).toEqual(plain('of-ann'));
});
