import { commandComplete, readyForQuery } from '@pgweir/protocol';
import {
  bind,
  copyData,
  copyDone,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';
import { TransactionLog } from '../kit/transaction-log';
import { heard, Stage } from '../lost-links/stage';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = (number: number, flags = '01'): string =>
  `00-${TRACE}-00f067aa0ba902b${number}-${flags}`;
const comment = (number: number, flags = '01'): string =>
  `/*traceparent='${parent(number, flags)}'*/`;
const EVERY = { sampleRatio: 1, perSecondMax: 1000 };
const NONE = { sampleRatio: 0, perSecondMax: 1000 };

let log: TransactionLog;
let rig: Rig;

beforeEach(() => {
  log = new TransactionLog();
});

afterEach(() => {
  // Its links may have something under way, and time stands still.
  void rig.pooler.stop();
  return rig.settle();
});

async function open(changes: Parameters<typeof Rig.open>[0] = {}): Promise<TestClient> {
  rig = await Rig.open({ tracing: EVERY, ...changes }, { observer: log });
  return await rig.client();
}

async function say(client: TestClient, ...parts: Buffer[]): Promise<void> {
  client.send(...parts);
  await rig.settle();
}

/** The last digit of each span that transactions belong to; `-` where there is none. */
function parents(): string {
  return log.all
    .splice(0)
    .map((one) => one.parent?.spanId.slice(-1) ?? '-')
    .join('');
}

test('the time of a transaction is with us, with PostgreSQL or with the client, and nowhere else', async () => {
  const holder = await open({ poolSize: 1 });
  await say(holder, query('BEGIN'));
  const client = await rig.client();
  const startedAtMs = rig.clock.wallMs();
  await say(client, query('BEGIN'));
  rig.clock.advance(30);
  await say(holder, query('COMMIT'));
  const [backend] = rig.server.backends;
  expect(log.all.splice(0)).toMatchObject([{ waitMs: 0, serverMs: 0, clientMs: 30 }]);
  rig.clock.advance(500);
  await say(client, query('hang'));
  rig.clock.advance(200);
  backend?.finish();
  await rig.settle();
  rig.clock.advance(7);
  await say(client, query('COMMIT'));
  const one = log.takeOne();
  expect(one).toMatchObject({ waitMs: 30, serverMs: 200, clientMs: 507, statements: 3 });
  expect(one).toMatchObject({
    startedAtMs,
    endedAtMs: startedAtMs + 737,
    leasedAtMs: startedAtMs + 30,
  });
  expect(one).toMatchObject({ database: 'app', user: 'alice', isCut: false, sqlstate: undefined });
  expect(one.server).toMatchObject({
    host: 'db.test',
    processId: backend?.processId,
    role: 'unknown',
  });
});

test('nobody hears of transactions when nobody has asked', async () => {
  const client = await open({ tracing: undefined });
  await say(client, query(`SELECT 1 ${comment(1)}`));
  const [session] = rig.pooler.sessions.values();
  expect(session?.trace).toBeUndefined();
  expect(log.all).toEqual([]);
});

test.each(['session', 'transaction'] as const)(
  'in %s mode the parent is what a comment names; what is not sampled makes nothing',
  async (poolMode) => {
    const client = await open({ poolMode, tracing: NONE });
    await say(client, query(`SELECT 1 ${comment(1)}`));
    await say(client, query('SELECT 1'));
    await say(client, query(`SELECT 1 ${comment(2, '00')}`));
    await say(client, parse(`${comment(3)} SELECT 1`), bind(), execute(), sync());
    await say(client, query('BEGIN'));
    await say(client, query(`SELECT 1 ${comment(4)}`));
    await say(client, query(`SELECT 1 ${comment(5)}`), query(`SELECT 1 ${comment(4)}`));
    expect(log.all.map(({ others }) => others.length)).toEqual([0, 0]);
    await say(client, query('COMMIT'));
    expect(log.all.at(-1)?.others.map(({ spanId }) => spanId)).toEqual(['00f067aa0ba902b5']);
    expect(parents()).toBe('134');
  },
);

test('an unsampled parent is heard, whatever the ratio', async () => {
  const client = await open();
  await say(client, query(`SELECT 1 ${comment(2, '00')}`), query('SELECT 1'));
  expect(parents()).toBe('-');
});

test('what is sent ahead belongs to the transaction in which it is answered', async () => {
  const client = await open();
  await say(
    client,
    ...[query(`SELECT 1 ${comment(1)}`), extended(`SELECT 2 ${comment(2)}`), sync()],
    ...[query('SELECT 3'), query('BEGIN'), query(`SELECT 4 ${comment(4)}`), query('COMMIT')],
    ...[query(`SELECT 5 ${comment(5)}`)],
  );
  expect(log.all.map(({ statements }) => statements)).toEqual([1, 1, 1, 3, 1]);
  expect(parents()).toBe('12-45');
});

test('a group that is sent ahead without its Sync is a transaction from then on', async () => {
  const client = await open();
  const [backend] = rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answers = false;
  await say(client, query('SELECT 1'), extended(`SELECT 2 ${comment(2)}`), flush());
  backend.send(commandComplete('SELECT 1'), readyForQuery('I'));
  await rig.pass(50);
  await say(client, sync());
  backend.send(commandComplete('SELECT 1'), readyForQuery('I'));
  await rig.settle();
  expect(log.all).toMatchObject([{ statements: 1 }, { statements: 1, serverMs: 50 }]);
  expect(parents()).toBe('-2');
});

test.each([
  ['a text', [query(`ROLLBACK; SET search_path = x; SELECT 5 ${comment(5)}`)], 1],
  [
    'a group',
    [
      extended('ROLLBACK'),
      extended('SET search_path = x'),
      extended(`SELECT 5 ${comment(5)}`),
      sync(),
    ],
    3,
  ],
] as const)(
  '%s that goes out in two parts is one transaction',
  async (_what, parts, statements) => {
    const client = await open();
    await say(client, query('BEGIN'));
    await say(client, query('fail'));
    await say(client, ...parts);
    expect(log.all).toMatchObject([
      { statements: 2 + statements, sqlstate: '42601', isCut: false },
    ]);
    expect(parents()).toBe('5');
    expect(client.tags).toMatch(/Z$/);
    await say(client, query(`SELECT 1 ${comment(1)}`));
    expect(parents()).toBe('1');
  },
);

test('the time of both parts of a text is time with PostgreSQL', async () => {
  const client = await open();
  await say(client, query('BEGIN'));
  await say(client, query('fail'));
  const [backend] = rig.server.live;
  if (backend === undefined) throw new Error('no backend');
  backend.answers = false;
  await say(client, query('ROLLBACK; SET search_path = x; SELECT 5'));
  await rig.pass(10);
  backend.send(commandComplete('ROLLBACK'), readyForQuery('I'));
  await rig.pass(90);
  backend.send(commandComplete('SET'), commandComplete('SELECT 1'), readyForQuery('I'));
  await rig.settle();
  expect(log.takeOne()).toMatchObject({ statements: 3, serverMs: 100 });
});

test('a Sync that a COPY swallows moves nothing to another transaction', async () => {
  const client = await open();
  await say(client, extended('copy'), sync(), copyData('x'), copyDone(), sync());
  await say(client, query(`SELECT 1 ${comment(1)}`));
  await say(client, query(`SELECT 2 ${comment(2)}`));
  expect(parents()).toBe('-12');
});

test.each(['session', 'transaction'] as const)(
  'in %s mode pgweir.traceparent holds for one transaction or until it is set anew',
  async (poolMode) => {
    const client = await open({ poolMode });
    await say(client, query(`SET pgweir.traceparent = '${parent(1)}'`));
    expect(log.all).toEqual([]);
    if (poolMode === 'transaction') return;
    await say(client, query('SELECT 1'));
    await say(client, query(`SELECT 1 ${comment(2)}`));
    await say(client, query('BEGIN'), query(`SET LOCAL pgweir.traceparent = '${parent(3)}'`));
    await say(client, query('COMMIT'));
    await say(client, query('SELECT 1'));
    await say(client, query('RESET pgweir.traceparent'));
    await say(client, query('SELECT 1'));
    expect(parents()).toBe('1231-');
  },
);

test('a startup packet names it for the whole session', async () => {
  await open();
  const client = await rig.client({ options: `-c pgweir.traceparent=${parent(6)}` });
  await say(client, query('SELECT 1'));
  await say(client, query(`SELECT 1 ${comment(7)}`));
  await say(client, query('SELECT 1'));
  expect(parents()).toBe('676');
});

test.each([
  '',
  'garbage',
  parent(1).toUpperCase(),
  `${parent(1)}0`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
])('the traceparent "%s" is no error, and no parent', async (value) => {
  const client = await open({ poolMode: 'session' });
  await say(client, query(`SET pgweir.traceparent = '${value}'`));
  await say(client, query(`SELECT 1 /*traceparent='${value}'*/`));
  expect(client.errors).toEqual([]);
  expect(parents()).toBe('-');
});

test('an error is how it ends, unless a savepoint makes up for it', async () => {
  const client = await open();
  await say(client, query('fail'));
  expect(log.takeOne().sqlstate).toBe('42601');
  await say(client, query('BEGIN'));
  await say(client, query('fail'));
  await say(client, query('ROLLBACK'));
  expect(log.takeOne().sqlstate).toBe('42601');
});

test('what we refuse has our SQLSTATE: nobody has answered it', async () => {
  const holder = await open({ poolSize: 1, queryWaitTimeoutMs: 1000 });
  await say(holder, query('BEGIN'));
  const client = await rig.client();
  await say(client, query(`SELECT 1 ${comment(1)}`));
  await rig.pass(3000);
  expect(client.closed).toBe(true);
  const { sqlstate, isCut, server, waitMs, serverMs } = log.takeOne();
  expect({ sqlstate, isCut, server, serverMs }).toEqual({
    ...{ sqlstate: '53300', isCut: true },
    ...{ server: undefined, serverMs: 0 },
  });
  expect(waitMs).toBeGreaterThanOrEqual(1000);
});

test('a client that vanishes in the middle cuts it; one that says goodbye waits for its answer', async () => {
  const client = await open();
  await say(client, query('BEGIN'));
  client.hangUp();
  await rig.settle();
  expect(log.takeOne()).toMatchObject({ isCut: true, statements: 1, sqlstate: undefined });
  const other = await rig.client();
  await say(other, query('hang'), terminate());
  rig.clock.advance(20);
  for (const backend of rig.server.backends) backend.finish();
  await rig.settle();
  expect(log.takeOne()).toMatchObject({ isCut: false, serverMs: 20 });
  const idle = await rig.client();
  await say(idle, terminate());
  expect(log.all).toEqual([]);
});

test('no more than so many are observed in a second; what is too much is counted', async () => {
  const client = await open({ tracing: { sampleRatio: 1, perSecondMax: 3 } });
  const many = Array.from({ length: 10 }, (_, at) => query(`SELECT ${at} ${comment(at)}`));
  await say(client, ...many);
  expect(log.all.splice(0)).toHaveLength(3);
  expect((await rig.pooler.snapshot([])).traces).toContainEqual({ what: 'over_limit', count: 7 });
  rig.clock.advance(700);
  await say(client, ...many);
  expect(log.all).toHaveLength(2);
});

test('of several workers each observes its part', async () => {
  const workerSlot = { index: 1, count: 4 };
  const client = await open({ tracing: { sampleRatio: 1, perSecondMax: 12 }, workerSlot });
  await say(client, ...Array.from({ length: 10 }, () => query('SELECT 1')));
  expect(log.all).toHaveLength(3);
});

test('about as many are drawn as the ratio says', async () => {
  const client = await open({ tracing: { sampleRatio: 0.25, perSecondMax: 100_000 } });
  for (let round = 0; round < 20; round++)
    await say(client, ...Array.from({ length: 100 }, () => query('SELECT 1')));
  expect(log.all.length).toBeGreaterThan(380);
  expect(log.all.length).toBeLessThan(620);
});

test('a reload turns it on in the middle of a session, and off', async () => {
  const client = await open({ tracing: undefined });
  const { settings, credentials } = rig.pooler;
  await say(client, query('BEGIN'));
  rig.pooler.reload({ ...settings, tracing: EVERY }, credentials);
  // The beginning of this one has not been seen.
  await say(client, query('SELECT 1'));
  await say(client, query('COMMIT'));
  expect(log.all).toEqual([]);
  await say(client, query(`SELECT 1 ${comment(1)}`));
  expect(parents()).toBe('1');
  client.send(query('SELECT 1').subarray(0, 8));
  await rig.settle();
  rig.pooler.reload(settings, credentials);
  rig.pooler.reload({ ...settings, tracing: EVERY }, credentials);
  await say(client, query('SELECT 1').subarray(8));
  expect(log.all).toEqual([]);
  await say(client, query(`SELECT 1 ${comment(2)}`));
  expect(parents()).toBe('2');
  rig.pooler.reload(settings, credentials);
  await say(client, query(`SELECT 1 ${comment(3)}`));
  expect(log.all).toEqual([]);
});

describe('when the primary is lost', () => {
  async function stage(): Promise<{ scene: Stage; client: TestClient }> {
    const scene = await Stage.open({ tracing: EVERY }, {}, { observer: log });
    rig = scene.rig;
    return { scene, client: await rig.client() };
  }

  test('what is held until there is another one has waited', async () => {
    const { scene, client } = await stage();
    await scene.kill();
    await scene.hold();
    await say(client, query(`INSERT INTO t VALUES (1) ${comment(1)}`));
    rig.clock.advance(4000);
    await scene.promote();
    expect(heard(client)).toContain('ZI');
    const { waitMs, serverMs, clientMs, lostLinks, parent: of, server } = log.takeOne();
    expect({ serverMs, clientMs, lostLinks }).toEqual({ serverMs: 0, clientMs: 0, lostLinks: 0 });
    expect(waitMs).toBeGreaterThanOrEqual(4000);
    expect(of?.spanId).toMatch(/1$/);
    expect(server?.role).toBe('primary');
  });

  test('a read that runs once more is one transaction, which has lost a link', async () => {
    const { scene, client } = await stage();
    await say(client, query('SELECT 1'));
    log.all.splice(0);
    const [backend] = rig.server.live;
    if (backend !== undefined) backend.answers = false;
    await say(client, query(`SELECT 2 ${comment(2)}`));
    rig.clock.advance(10);
    await scene.kill();
    await scene.hold();
    rig.clock.advance(3000);
    await scene.promote();
    expect(heard(client)).toContain('ZI');
    const one = log.takeOne();
    expect(one).toMatchObject({ lostLinks: 1, statements: 1, sqlstate: undefined, isCut: false });
    expect(one.waitMs).toBeGreaterThanOrEqual(3000);
    expect(one.serverMs).toBeGreaterThanOrEqual(10);
    expect(one.serverMs).toBeLessThan(1000);
  });

  test('an open transaction ends with 08006, when its client has rolled back', async () => {
    const { scene, client } = await stage();
    await say(client, query(`BEGIN ${comment(3)}`));
    await scene.failOver();
    await say(client, query('INSERT INTO t VALUES (1)'));
    expect(log.all).toEqual([]);
    await say(client, query('ROLLBACK'));
    expect(log.takeOne()).toMatchObject({ sqlstate: '08006', lostLinks: 1, isCut: false });
    await say(client, query(`SELECT 1 ${comment(4)}`));
    expect(parents()).toBe('4');
  });

  test('a write of which nobody can know ends with 08007 or 08006', async () => {
    const { scene, client } = await stage();
    await say(client, query('SELECT 1'));
    log.all.splice(0);
    for (const backend of rig.server.live) backend.answers = false;
    await say(client, query(`INSERT INTO t VALUES (1) ${comment(5)}`));
    await scene.failOver();
    expect(log.takeOne()).toMatchObject({ lostLinks: 1, isCut: false });
    await say(client, query(`SELECT 1 ${comment(6)}`));
    expect(parents()).toBe('6');
  });
});
