import type { ClientId, DaemonSnapshot, LinkId, PinView, PoolView, UserName } from '@pgweir/pooler';
import { Backend, FrameReader, Frontend } from '@pgweir/protocol';
import { rowValues } from '@pgweir/testkit';
import { AdminConsole } from '../../src/admin/console';

const SNAPSHOT: DaemonSnapshot = {
  state: 'serving',
  clientsTotal: 0,
  linksTotal: 0,
  pools: [],
  stats: [],
  pinCounts: [],
  clients: [],
  pins: [],
  workers: [],
};
const quiet = (): void => undefined;

interface Answer {
  readonly tags: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly tookMs: number;
}

/** The console's answer to a simple query, and how long it took. */
async function ask(sql: string, snapshot = SNAPSHOT, isOwner = false): Promise<Answer> {
  const console = new AdminConsole({
    view: async () => snapshot,
    mayAdmin: () => false,
    mayRead: () => true,
    reload: async () => true,
    shutDown: async () => undefined,
    replaceWorkers: async () => undefined,
    log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
  });
  const startMs = performance.now();
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const session = console.open(
      { id: 1 as ClientId, user: 'ann' as UserName, isOwner },
      { send: resolve, close: (reason) => reject(new Error(reason)) },
    );
    session.message(Frontend.Query, Buffer.from(`${sql}\0`));
  });
  return { ...read(answer), tookMs: performance.now() - startMs };
}

function read(bytes: Buffer): Pick<Answer, 'tags' | 'columns' | 'rows'> {
  const reader = new FrameReader(1 << 20);
  let columns: readonly string[] = [];
  const rows: (readonly (string | null)[])[] = [];
  let tags = '';
  for (let at = 0; at < bytes.length; ) {
    const body = reader.readHeader(bytes, at, bytes.length);
    at = reader.takeBody(body, bytes.length);
    const message = { tag: String.fromCharCode(reader.tag), body: bytes.subarray(body, at) };
    tags += message.tag;
    if (reader.tag === Backend.RowDescription) columns = columnNames(message.body);
    if (reader.tag === Backend.DataRow) rows.push(rowValues(message));
  }
  return { tags, columns, rows };
}

/** A name ends in NUL; 18 bytes about its type follow. */
function columnNames(body: Buffer): readonly string[] {
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const end = body.indexOf(0, at);
    names.push(body.toString('utf8', at, end));
    at = end + 1 + 18;
  }
  return names;
}

const many = (text: string, count = 60_000): string => text.repeat(count);

test.each([
  ['spaces in the middle', `SHOW${many(' ')}!`],
  ['spaces of all kinds', `SHOW${many(' \t\n', 20_000)}!`],
  ['spaces around a semicolon', `SHOW${many(' ')};${many(' ')}!`],
  ['spaces before', `${many(' ')}SHOW !`],
  ['semicolons', `SHOW ${many(';')}!`],
  ['quotes', `SHOW ${many("'")}!`],
  ['words', many('SHOW ')],
])('a command with tens of thousands of %s is refused at once', async (_name, sql) => {
  const { tags, tookMs } = await ask(sql);
  expect(tags).toBe('EZ');
  // Seconds, when the time grows with the square of the length.
  expect(tookMs).toBeLessThan(500);
});

test('spaces before, between and behind words and semicolon do not matter', async () => {
  for (const sql of ['SHOW VERSION', ' show \n\t version ', 'show version ;  ', 'Show  Version;']) {
    expect((await ask(sql)).tags).toMatch(/^[TN].*CZ$|^NCZ$/);
  }
});

test('SHOW PINS says who keeps a link, why, since when and by which statement', async () => {
  const sinceMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const pin: PinView = {
    client: 7 as ClientId,
    database: 'app',
    user: 'ann',
    address: '10.0.0.9',
    port: 4711,
    link: 3 as LinkId,
    reasons: ['temporary object', 'advisory lock'],
    statement: 'CREATE TEMP TABLE t (a int)',
    sinceMs,
  };
  const { columns, rows } = await ask('SHOW PINS', { ...SNAPSHOT, pins: [pin] });
  expect(columns.join()).toBe('database,user,client,addr,port,link,reason,statement,since,seconds');
  const [row = []] = rows;
  expect(row.slice(0, -1)).toEqual([
    'app',
    'ann',
    '7',
    '10.0.0.9',
    '4711',
    '3',
    'temporary object, advisory lock',
    'CREATE TEMP TABLE t (a int)',
    '2026-01-02 03:04:05 UTC',
  ]);
  const age = Math.floor((Date.now() - sinceMs) / 1000);
  expect(Math.abs(Number(row.at(-1)) - age)).toBeLessThan(60);
});

test('SHOW PIN_COUNTS has the total of each reason, by database', async () => {
  const { rows } = await ask('show pin_counts', {
    ...SNAPSHOT,
    pinCounts: [
      { database: 'b', reason: 'cursor', count: 1 },
      { database: 'a', reason: 'listen', count: 2 },
      { database: 'a', reason: 'cursor', count: 30 },
    ],
  });
  expect(rows).toEqual([
    ['a', 'cursor', '30'],
    ['a', 'listen', '2'],
    ['b', 'cursor', '1'],
  ]);
});

test('SHOW POOLS begins with the columns of PgBouncer; pinned links come behind them', async () => {
  const pool: PoolView = {
    database: 'app',
    user: 'ann',
    poolMode: 'transaction',
    clientsActive: 1,
    clientsIdle: 0,
    clientsWaiting: 0,
    clientsCanceling: 0,
    linksActive: 1,
    linksIdle: 0,
    linksTested: 0,
    linksDialing: 0,
    linksClosing: 0,
    linksBeingCanceled: 0,
    linksPinned: 4,
    waitMaxMs: 0,
  };
  const { columns, rows } = await ask('show pools', { ...SNAPSHOT, pools: [pool] });
  expect(columns.slice(-3)).toEqual(['pool_mode', 'load_balance_hosts', 'sv_pinned']);
  expect(rows[0]?.slice(-3)).toEqual(['transaction', null, '4']);
});

test('commands that change something are for admins, and for whoever runs the daemon', async () => {
  for (const command of ['RELOAD', 'RELOAD WORKERS', 'SHUTDOWN']) {
    expect((await ask(command)).tags).toBe('EZ');
    expect((await ask(command, SNAPSHOT, true)).tags).toBe('CZ');
  }
});
