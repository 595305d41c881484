import { startDaemon, waitFor } from '@pgweir/testkit';
import type { Client } from 'pg';
import { outcome, RdsStage, type RdsStageOptions } from './support/rds-stage';

let stage: RdsStage | undefined;

afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(options: RdsStageOptions = {}): Promise<RdsStage> {
  const settings = { server_auth: 'iam-passthrough', auth_type: 'iam', ...options.settings };
  const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  stage = await RdsStage.open({ ...options, settings, env });
  return stage;
}

const SECRET = /X-Amz|Action=connect/;
const HINT = 'Connect again, with a new RDS token as the password.';
const REFUSED = '28000 | IAM authentication failed';
const TOO_MANY = '28000 | The IAM authentication failed because of too many competing requests.';

test.each([1, 2])(
  '%i worker(s): a hundred clients with one token are one login',
  async (workers) => {
    const one = await open({ settings: { workers, default_pool_size: 3 } });
    const token = await one.token();
    const clients = await Promise.all(Array.from({ length: 100 }, () => one.enter(token)));
    const asked = await Promise.all(
      clients.map(async (client) => (await client.query('SELECT current_user AS u')).rows[0].u),
    );
    expect(new Set(asked)).toEqual(new Set(['app']));
    expect(one.rds.refusals).toEqual([]);
    // Besides them, links that 100 queries at once were worth.
    expect(one.rds.iamLogins).toBeLessThanOrEqual(3 * workers);
    expect(one.rds.sessionsMax).toBeLessThanOrEqual(3);
    expect(one.daemon.log()).not.toMatch(SECRET);
  },
);

test('a hundred clients that only log in are one login, whose link the pool keeps', async () => {
  const one = await open({ settings: { max_client_conn: 200, default_pool_size: 1 } });
  const token = await one.token();
  await Promise.all(Array.from({ length: 100 }, () => one.enter(token)));
  expect(one.rds.iamLogins).toBe(1);
  expect(await outcome(one.enter(token))).toBe('in');
  expect(one.rds.iamLogins).toBe(1);
});

test('a hundred clients with a token each get in, and PostgreSQL never has more than the caps', async () => {
  const one = await open({ settings: { default_pool_size: 3, max_db_connections: 4 } });
  const keys = Array.from({ length: 100 }, (_, n) => one.keys.addUser(`u${n}`));
  const all = await Promise.all(
    keys.map(async (key, n) => {
      const user = n % 2 === 0 ? 'app' : 'other';
      const client = await one.enter(await one.token({ user, key }), { user });
      const { rows } = await client.query('SELECT current_user AS u, pg_sleep(0.005)');
      return rows[0].u === user;
    }),
  );
  expect(all).toEqual(Array.from({ length: 100 }, () => true));
  expect(one.rds.iamLogins).toBeGreaterThanOrEqual(100);
  expect(one.rds.sessionsMax).toBeLessThanOrEqual(4);
  expect(one.rds.refusals).toEqual([]);
});

test('a pool whose links are all busy still lets a new token in, before those who come later', async () => {
  const one = await open({ settings: { default_pool_size: 2 } });
  const token = await one.token();
  const clients = await Promise.all(Array.from({ length: 20 }, () => one.enter(token)));
  let isOver = false;
  const busy = clients.map(async (client) => {
    while (!isOver) await client.query('SELECT pg_sleep(0.01)');
  });
  const key = one.keys.addUser('late');
  expect(await outcome(one.enter(await one.token({ key })))).toBe('in');
  isOver = true;
  await Promise.all(busy);
  expect(one.rds.sessionsMax).toBeLessThanOrEqual(2);
});

test('tokens that are no good are refused, cheaply where that can be', async () => {
  const one = await open({ rds: { allows: (arn) => !arn.endsWith('/mallory') } });
  const good = await one.token();
  expect(await outcome(one.enter(good))).toBe('in');
  const stranger = { ...one.key, secretAccessKey: 'guessed' };
  const before = one.rds.logins.length;
  for (const bad of [
    await one.token({ user: 'other' }),
    await one.token({ host: 'localhost' }),
    await one.token({ port: 5432 }),
    await expiring(one, -1_000),
    await expiring(one, 1_300_000),
    `${good}&x=${'y'.repeat(100_000)}`,
    good.replace('connect', 'delete'),
    'tea',
  ]) {
    expect(await outcome(one.enter(bad))).toBe(REFUSED);
  }
  expect(one.rds.logins).toHaveLength(before);
  for (const bad of [
    await one.token({ key: stranger }),
    good.replace(/Signature=./, (text) => (text.endsWith('0') ? 'Signature=1' : 'Signature=0')),
    await one.token({ key: one.keys.addUser('mallory') }),
  ]) {
    expect(await outcome(one.enter(bad))).toBe(REFUSED);
    expect(await outcome(one.enter(bad))).toBe(REFUSED);
  }
  expect(one.rds.refusals).toHaveLength(3);
  const log = one.daemon.log();
  expect(log).not.toMatch(SECRET);
  for (const why of [
    'of another user',
    'a server that the database does not have',
    'expired',
    'not valid yet',
  ]) {
    expect(log).toContain(why);
  }
  expect(log).toContain('PAM authentication failed');
});

test('an enemy with bad tokens stops nobody: the pool goes on, and new good tokens get in', async () => {
  const one = await open({ settings: { default_pool_size: 2, server_lifetime: 1 } });
  const good = await one.token();
  const client = await one.enter(good);
  const stranger = { ...one.key, secretAccessKey: 'guessed' };
  const guess = async (n: number): Promise<string> => {
    const token = await one.token({ key: stranger });
    return token.replace(/Signature=.{4}/, `Signature=${n.toString(16).padStart(4, '0')}`);
  };
  const guesses = Array.from({ length: 40 }, async (_, n) => outcome(one.enter(await guess(n))));
  const served = (async () => {
    for (let n = 0; n < 40; n++) await client.query('SELECT 1');
  })();
  expect(await outcome(one.enter(good))).toBe('in');
  await served;
  const said = await Promise.all(guesses);
  // Those that PostgreSQL has judged, and those that nobody has looked at.
  expect(new Set(said)).toEqual(new Set([REFUSED, TOO_MANY]));
  expect(await outcome(one.enter(good))).toBe('in');
  // It comes from the same address, which has used up what it may have refused.
  expect(one.rds.refusals.length).toBeLessThanOrEqual(30);
  expect(one.daemon.log()).toContain('too many from this address were refused');
});

test('a token is good for its user only, and only where the entry lets it through', async () => {
  const one = await open({
    settings: { server_auth: 'password' },
    databases: { shop: '{rds} server_auth=iam-passthrough', closed: '{rds} dbname=shop' },
  });
  const token = await one.token();
  expect(await outcome(one.enter(token))).toBe('in');
  expect(await outcome(one.enter(token, { database: 'closed' }))).toBe(REFUSED);
  expect(await outcome(one.enter(token, { user: 'other' }))).toBe(REFUSED);
  expect(await outcome(one.enter(token, { database: 'pgbouncer', user: 'admin' }))).toBe(REFUSED);
  expect(one.rds.logins).toHaveLength(1);
});

test('the newest token serves for later links; one that RDS refuses is forgotten, not repeated', async () => {
  let aheadMs = 0;
  const one = await open({
    settings: { default_pool_size: 2, server_lifetime: 1 },
    rds: { wallMs: () => Date.now() + aheadMs },
  });
  const token = await one.token();
  const clients = await Promise.all(Array.from({ length: 50 }, () => one.enter(token)));
  // The links get old: each of these needs a new one now and then, by the token that is kept.
  const before = one.rds.iamLogins;
  await waitFor(
    async () => {
      await clients[0]?.query('SELECT 1');
      return one.rds.iamLogins > before;
    },
    { what: 'a link by the kept token' },
  );
  // By the clock of RDS it has expired now.
  aheadMs = 901_000;
  one.rds.cut();
  const hints: unknown[] = [];
  await waitFor(
    async () => {
      hints.push(await hintOf(clients.shift()));
      return hints.at(-1) === HINT;
    },
    // For a second others hear what the first one did.
    { what: 'a client to hear that it has to bring a new token', everyMs: 250 },
  );
  expect(one.rds.refusals.length).toBeLessThanOrEqual(2);
  for (const refusal of one.rds.refusals) expect(refusal).toContain('RequestExpired');
  expect(one.daemon.log()).not.toMatch(SECRET);
});

test('when its token has expired a client that needs a link hears 28000, and of a new token', async () => {
  const one = await open({ settings: { default_pool_size: 2 } });
  // Signed a while ago: it has three seconds left.
  const endsAtMs = Date.now() + 3_000;
  const token = await expiring(one, 3_000);
  const [client, another] = [await one.enter(token), await one.enter(token)];
  await client.query('SELECT 1');
  await waitFor(async () => Date.now() > endsAtMs, { what: 'the token to expire' });
  const before = one.rds.logins.length;
  one.rds.cut();
  await waitFor(async () => one.rds.sessions === 0, { what: 'the links to be gone' });
  await expect(client.query('SELECT 1')).rejects.toMatchObject({ code: '28000', hint: HINT });
  expect(await outcome(one.enter(token))).toBe(REFUSED);
  expect(one.rds.logins).toHaveLength(before);
  // A newer one is for all clients of the user.
  expect(await outcome(one.enter(await one.token()))).toBe('in');
  await another.query('SELECT 1');
});

test('a new token that one worker gets serves the clients of all', async () => {
  const one = await open({ settings: { workers: 2, default_pool_size: 2 } });
  const endsAtMs = Date.now() + 6_000;
  const old = await expiring(one, 6_000);
  const clients = await Promise.all(Array.from({ length: 12 }, () => one.enter(old)));
  for (const worker of [1, 2]) {
    expect(one.daemon.log()).toMatch(
      new RegExp(`login attempt.* worker=${worker}|worker=${worker} .*login attempt`),
    );
  }
  await one.enter(await one.token());
  await waitFor(async () => Date.now() > endsAtMs, { what: 'the token to expire' });
  one.rds.cut();
  await waitFor(async () => one.rds.sessions === 0, { what: 'the links to be gone' });
  for (const client of clients) await client.query('SELECT 1');
  expect(one.rds.refusals).toEqual([]);
  expect(one.daemon.log()).not.toMatch(SECRET);
});

test('users of the same database that log in by other means are as before', async () => {
  const rules = [
    'hostssl all app,other all iam',
    'hostssl all classic all scram-sha-256',
    'hostssl pgbouncer admin all scram-sha-256',
  ];
  const one = await open({
    settings: { auth_type: 'hba', auth_hba_file: '{dir}/hba.conf' },
    users: { classic: 'server_auth=password' },
    files: { 'hba.conf': `${rules.join('\n')}\n` },
  });
  expect(await outcome(one.enter('tea', { user: 'classic' }))).toBe('in');
  expect(await outcome(one.enter(await one.token()))).toBe('in');
  expect(await outcome(one.enter('tea', { user: 'admin', database: 'pgbouncer' }))).toMatch(
    /in|SHOW/,
  );
});

test('RELOAD keeps what is proven; without the setting tokens are refused', async () => {
  const one = await open();
  const token = await one.token();
  const client = await one.enter(token);
  await one.daemon.reload(one.config({ settings: { default_pool_size: 7 } }));
  expect(await outcome(one.enter(token))).toBe('in');
  expect(one.rds.logins).toHaveLength(1);
  const closed = one.config({ settings: { server_auth: 'iam' } });
  await one.daemon.reload(closed, /configuration reloaded|RELOAD failed/);
  expect(one.daemon.log()).toContain('iam needs iam_server_name');
  expect(await outcome(one.enter(token))).toBe('in');
  await client.query('SELECT 1');
});

test('an online restart: clients stay, and the new process has tokens proven anew', async () => {
  const one = await open();
  const token = await one.token();
  const client = await one.enter(token);
  const before = one.daemon;
  const successor = await startDaemon({
    config: one.config(),
    successorOf: before,
    args: ['-R'],
    env: { AWS_EC2_METADATA_DISABLED: 'true' },
  });
  try {
    await client.query('SELECT 1');
    expect(await outcome(one.enter(token))).toBe('in');
    expect(one.rds.refusals).toEqual([]);
    expect(one.rds.iamLogins).toBeLessThanOrEqual(3);
    await client.end();
    await before.exit;
  } finally {
    await successor.stop();
  }
});

test('with two workers and a token for each client the caps hold', async () => {
  const one = await open({ settings: { workers: 2, default_pool_size: 3, max_db_connections: 4 } });
  const tokens = await Promise.all(
    Array.from({ length: 20 }, (_, n) => one.token({ key: one.keys.addUser(`k${n}`) })),
  );
  const all = await Promise.all(tokens.map((token) => outcome(one.enter(token))));
  expect(all).toEqual(Array.from({ length: 20 }, () => 'in'));
  expect(one.rds.sessionsMax).toBeLessThanOrEqual(4);
});

async function hintOf(client: Client | undefined): Promise<unknown> {
  const query = client?.query('SELECT 1');
  return await query?.then(
    () => undefined,
    (error: { readonly hint?: string }) => error.hint,
  );
}

/** A token of the right signature, with so much of its life left. */
async function expiring(one: RdsStage, leftMs: number): Promise<string> {
  jest.useFakeTimers({ now: Date.now() - 900_000 + leftMs, doNotFake: NOT_FAKED });
  try {
    return await one.token();
  } finally {
    jest.useRealTimers();
  }
}

/** All but the clock. */
const NOT_FAKED = [
  ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] as const),
  ...(['clearImmediate', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
];
