import {
  type BackendMessage,
  type Cluster,
  type Daemon,
  noticeFields,
  RawClient,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { consoleRows, crew } from './support/crew';
import { ask, enter, pooler } from './support/stage';

let cluster: Cluster;
let daemon: Daemon;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ major: 18, users: [{ name: 'app' }] });
  daemon = await pooler(cluster.primary, {
    settings: { default_pool_size: 2, admin_users: 'app' },
  });
});

afterAll(async () => {
  await daemon?.stop();
  await cluster?.stop();
});

afterEach(async () => {
  await Promise.all(clients.map((client) => client.end()));
  clients = [];
});

async function arrive(to: Daemon = daemon): Promise<RawClient> {
  const client = await enter(to);
  clients.push(client);
  return client;
}

async function arriveListening(...channels: readonly string[]): Promise<RawClient> {
  const client = await arrive();
  for (const channel of channels) await client.query(`LISTEN ${channel}`);
  // It is answered when it is known what the LISTEN has left: from here on the pins tell the truth.
  await client.query('SELECT 1');
  client.forget();
  return client;
}

/** Clients that keep a link of their own. */
async function pinned(to: Daemon = daemon): Promise<number> {
  return (await consoleRows(to, 'SHOW PINS')).length;
}

async function untilNobodyIsPinned(to: Daemon = daemon): Promise<void> {
  await waitFor(async () => (await pinned(to)) === 0, { what: 'all links to be given back' });
}

function payloads(messages: readonly BackendMessage[]): string[] {
  return messages
    .filter(({ tag }) => tag === 'A')
    .map(({ body }) => body.toString('utf8', 4).split('\0')[1] ?? '');
}

/** The next notifications of a client, `count` of them. */
async function next(client: RawClient, count: number): Promise<string[]> {
  let left = count;
  return payloads(await client.until(({ tag }) => tag === 'A' && --left === 0));
}

async function notify(channel: string, ...texts: readonly string[]): Promise<void> {
  for (const text of texts)
    await cluster.primary.query('SELECT pg_notify($1, $2)', [channel, text]);
}

/** Nothing is on its way any more: what comes next is this. */
async function comesNext(client: RawClient, channel: string, mark: string): Promise<void> {
  await notify(channel, mark);
  expect(await next(client, 1)).toEqual([mark]);
}

async function listeningPid(): Promise<number> {
  const rows = await cluster.primary.query(
    "SELECT pid FROM pg_stat_activity WHERE usename = 'app' AND query LIKE '%LISTEN%' AND query NOT LIKE '%UNLISTEN *%' ",
  );
  expect(rows).toHaveLength(1);
  return Number(rows[0]?.pid);
}

test('two hundred listeners over two links all hear everything in order, and others are served', async () => {
  const listeners = await Promise.all(
    Array.from({ length: 200 }, (_, i) => arriveListening('everybody', `own_${i}`)),
  );
  await untilNobodyIsPinned();
  const other = await arrive();
  expect(await ask(other, 'SELECT 1')).toBe('1');
  const texts = Array.from({ length: 20 }, (_, i) => `text ${i}`);
  await notify('everybody', ...texts);
  await notify('own_117', 'for one');
  for (const [i, listener] of listeners.entries()) {
    const expected = i === 117 ? [...texts, 'for one'] : texts;
    expect(await next(listener, expected.length)).toEqual(expected);
  }
  const links = await cluster.primary.query(
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'",
  );
  expect(Number(links[0]?.count)).toBeLessThanOrEqual(2);
}, 60_000);

test('a flood while clients begin to listen reaches each of them whole, once and in order', async () => {
  let running = true;
  let sent = 0;
  const flood = (async () => {
    while (running) await notify('flood', String(sent++));
  })();
  const listeners: RawClient[] = [];
  try {
    for (let i = 0; i < 30; i++) {
      const client = await arrive();
      await client.query('LISTEN flood');
      listeners.push(client);
      // The next hand-over may meet statements of those that listen already.
      await listeners[i >> 1]?.query('SELECT 1');
    }
    await untilNobodyIsPinned();
    // The last of them is to hear of it as well.
    const enough = sent + 5;
    await waitFor(() => sent >= enough, { what: 'some more of the flood' });
  } finally {
    running = false;
    await flood;
  }
  await notify('flood', 'end');
  for (const client of listeners) {
    await waitFor(() => payloads(client.messages).at(-1) === 'end', { what: 'the end' });
    const got = payloads(client.messages);
    expect(got.length).toBeGreaterThan(1);
    const first = sent - (got.length - 1);
    expect(got.slice(0, -1)).toEqual(
      Array.from({ length: got.length - 1 }, (_, i) => String(first + i)),
    );
  }
}, 60_000);

test('a client in a transaction hears what came meanwhile right before the ReadyForQuery behind it', async () => {
  const idle = await arriveListening('calm');
  const client = await arriveListening('calm');
  await untilNobodyIsPinned();
  await client.query('BEGIN');
  await notify('calm', 'one', 'two');
  expect(await next(idle, 2)).toEqual(['one', 'two']);
  const inside = await client.query('SELECT 1');
  expect(inside.map(({ tag }) => tag).join('')).toBe('TDCZ');
  const after = await client.query('COMMIT');
  expect(after.map(({ tag }) => tag).join('')).toBe('CAAZ');
  expect(payloads(after)).toEqual(['one', 'two']);
  await comesNext(client, 'calm', 'after');
});

test.each([
  ['committed', ['BEGIN', 'UNLISTEN a', 'COMMIT'], ['b']],
  ['rolled back', ['BEGIN', 'UNLISTEN a', 'ROLLBACK'], ['a', 'b']],
  [
    'rolled back to a savepoint',
    ['BEGIN', 'SAVEPOINT s', 'UNLISTEN a', 'ROLLBACK TO s', 'UNLISTEN b', 'COMMIT'],
    ['a'],
  ],
  [
    'kept by a savepoint that is released',
    ['BEGIN', 'SAVEPOINT s', 'UNLISTEN a', 'RELEASE s', 'COMMIT'],
    ['b'],
  ],
  ['in one text that fails', ['UNLISTEN a; SELECT 1/0'], ['a', 'b']],
  ['in one text that is rolled back', ['BEGIN; UNLISTEN a; ROLLBACK'], ['a', 'b']],
  ['with a new LISTEN', ['BEGIN', 'UNLISTEN *', 'LISTEN a', 'COMMIT'], ['a']],
  ['by DISCARD ALL', ['DISCARD ALL', 'LISTEN b'], ['b']],
  ['as drivers reset a session', ['UNLISTEN *; RESET ALL', 'LISTEN b'], ['b']],
  ['in a transaction that fails', ['BEGIN', 'UNLISTEN a', 'SELECT 1/0', 'COMMIT'], ['a', 'b']],
] as const)('UNLISTEN %s', async (_name, statements, hears) => {
  await arriveListening('end');
  const client = await arriveListening('a', 'b', 'fin');
  await untilNobodyIsPinned();
  for (const sql of statements) await client.query(sql);
  await client.query('LISTEN fin');
  await untilNobodyIsPinned();
  client.forget();
  await notify('a', 'a');
  await notify('b', 'b');
  await notify('fin', 'fin');
  await waitFor(() => payloads(client.messages).at(-1) === 'fin', { what: 'the last one' });
  expect(payloads(client.messages)).toEqual([...hears, 'fin']);
  const channels = await ask(
    client,
    'SELECT array_agg(c ORDER BY c) FROM pg_listening_channels() c',
  );
  expect(channels).toBe(`{${[...hears, 'fin'].join(',')}}`);
  await untilNobodyIsPinned();
  await comesNext(client, 'fin', 'still');
});

test('a notification carries the number that its sender was told at login, for itself and for others', async () => {
  const sender = await RawClient.connect({ host: daemon.host, port: daemon.port });
  clients.push(sender);
  const { processId } = await sender.login({ user: 'app', database: 'app' });
  const listener = await arriveListening('who');
  await sender.query('LISTEN who');
  await untilNobodyIsPinned();
  const answer = await sender.query("NOTIFY who, 'x'");
  expect(answer.map(({ tag }) => tag).join('')).toBe('CAZ');
  const [heard] = await listener.until('A');
  for (const message of [answer[1], heard]) expect(message?.body.readInt32BE(0)).toBe(processId);
});

test('when the listening connection is terminated the listeners are told, and hear what comes after', async () => {
  const quiet = await arriveListening('lost');
  const busy = await arriveListening('lost');
  await untilNobodyIsPinned();
  await busy.query('BEGIN');
  busy.forget();
  const pid = await listeningPid();
  await cluster.primary.query('SELECT pg_terminate_backend($1)', [pid]);
  const told = await quiet.until('N');
  const notice = told.at(-1);
  expect(notice === undefined ? undefined : noticeFields(notice).M).toContain(
    'may have been missed',
  );
  await notify('lost', 'after');
  expect(await next(quiet, 1)).toEqual(['after']);
  const commit = await busy.query('COMMIT');
  expect(commit.map(({ tag }) => tag).join('')).toBe('CNAZ');
});

test('workers have a listening link each, and a notification reaches the clients of all', async () => {
  const several = await crew(cluster.primary, {
    runtime: 'node',
    workers: 2,
    settings: { default_pool_size: 4 },
  });
  try {
    const listeners: RawClient[] = [];
    for (let i = 0; i < 12; i++) {
      const client = await arrive(several);
      await client.query('LISTEN crew');
      client.forget();
      listeners.push(client);
    }
    await untilNobodyIsPinned(several);
    await notify('crew', 'one', 'two');
    for (const client of listeners) expect(await next(client, 2)).toEqual(['one', 'two']);
  } finally {
    await Promise.all(clients.splice(0).map((client) => client.end()));
    await several.stop();
  }
}, 30_000);
