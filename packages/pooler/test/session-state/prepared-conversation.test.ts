import type { FakeBackend } from '../kit/fake-backend';
import { chunked, execute, frame, parse, query, sync } from '../kit/messages';
import { Rig } from '../kit/rig';

const use = (name: string): Buffer => frame('B', Buffer.from(`\0${name}\0\0\0\0\0\0\0`, 'latin1'));
const closeOf = (name: string): Buffer => frame('C', `S${name}\0`);
const describeOf = (name: string): Buffer => frame('D', `S${name}\0`);

/** Prepares by name and without one, pipelines, fails in several places, and closes. */
const CONVERSATION = Buffer.concat([
  parse('SELECT 1', 'one'),
  describeOf('one'),
  use('one'),
  execute(),
  sync(),
  parse('SELECT 2'),
  use(''),
  execute(),
  use('one'),
  execute(),
  sync(),
  parse('bad', 'two'),
  use('two'),
  execute(),
  sync(),
  use('none'),
  execute(),
  sync(),
  parse('SELECT 3', 'three'),
  use('three'),
  execute(),
  closeOf('three'),
  use('three'),
  execute(),
  sync(),
  parse('SELECT 4', 'one'),
  sync(),
  query('SELECT 5'),
  use('one'),
  execute(),
  sync(),
]);

async function played(chunks: readonly Buffer[], settle: boolean) {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  const before = client.output.length;
  for (const chunk of chunks) {
    client.send(chunk);
    if (settle) await rig.settle();
  }
  await rig.settle();
  const idle = rig.pool().idleCount;
  return { heard: client.output.subarray(before), idle, client };
}

test('every chunking of a conversation with prepared statements is the same to the client', async () => {
  const whole = await played([CONVERSATION], false);
  expect(whole.client.tags).toMatch(/^1.*Z$/);
  expect(whole.idle).toBe(1);
  for (let size = 1; size < CONVERSATION.length; size += size < 40 ? 1 : 7) {
    const cut = await played(chunked(CONVERSATION, size), false);
    expect([size, cut.heard.toString('latin1')]).toEqual([size, whole.heard.toString('latin1')]);
    expect(cut.idle).toBe(1);
  }
});

test('what the client hears is what it would have heard from PostgreSQL itself', async () => {
  const tracked = await played([CONVERSATION], false);
  const rig = await Rig.open({ poolSize: 1, poolMode: 'session' });
  const client = await rig.client();
  const before = client.output.length;
  client.send(CONVERSATION);
  await rig.settle();
  expect(tracked.heard.toString('latin1')).toBe(client.output.subarray(before).toString('latin1'));
});

test('two cuts with time between them, anywhere, change nothing that the client hears', async () => {
  const whole = await played([CONVERSATION], false);
  for (let cut = 1; cut < CONVERSATION.length; cut++) {
    const parts = [CONVERSATION.subarray(0, cut), CONVERSATION.subarray(cut)];
    const result = await played(parts, true);
    expect([cut, result.heard.toString('latin1')]).toEqual([cut, whole.heard.toString('latin1')]);
    expect(result.idle).toBe(1);
  }
});

test('a missing Parse goes out in the same write as the Bind, and its answer to nobody', async () => {
  const rig = await Rig.open({ poolSize: 2 });
  const client = await rig.client();
  client.send(parse('SELECT 1', 'one'), use('one'), execute(), sync());
  await rig.settle();
  const [first] = rig.server.live;
  first?.terminate();
  await rig.settle();
  client.forget();
  client.send(use('one'), execute(), sync());
  await rig.settle();
  expect(client.tags).toBe('2CZ');
  const { backend } = rig.server;
  expect(backend.tags).toBe('PBES');
  expect(backend.chunks).toHaveLength(1);
});

test('a statement that another client has prepared is used without a Parse', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const [one, other] = await rig.clients(2);
  for (const client of [one, other]) {
    client?.send(parse('SELECT 1', client === one ? 'a' : 'b'), sync());
    await rig.settle();
    client?.forget();
  }
  const { backend } = rig.server;
  const before = backend.tags.length;
  for (let i = 0; i < 3; i++) {
    one?.send(use('a'), execute(), sync());
    other?.send(use('b'), execute(), sync());
    await rig.settle();
  }
  expect(one?.tags).toBe('2CZ'.repeat(3));
  expect(other?.tags).toBe('2CZ'.repeat(3));
  expect(backend.tags.slice(before).replaceAll('P', '')).toContain('BES');
  expect(backend.tags.slice(before).match(/P/g)?.length ?? 0).toBeLessThanOrEqual(1);
});

test('an error speaks of the name that the client knows', async () => {
  const rig = await Rig.open({ poolSize: 1 });
  const client = await rig.client();
  client.send(parse('SELECT 1', 'mine'), sync());
  await rig.settle();
  client.forget();
  client.send(parse('SELECT 2', 'mine'), sync());
  await rig.settle();
  expect(client.tags).toBe('EZ');
  expect(client.errors[0]?.code).toBe('42P05');
  expect(client.errors[0]?.message).toBe('prepared statement "mine" already exists');
});

/** The names under which these texts were prepared on a backend. */
function namesOf({ received }: FakeBackend, ...texts: readonly string[]): readonly unknown[] {
  const parses = received.filter(({ tag }) => tag === 'P').map(({ body }) => `${body}`.split('\0'));
  return texts.map((text) => parses.find(([, sql]) => sql === text)?.[0]);
}

test('beyond max_prepared_statements the one used least recently makes room on its link', async () => {
  const rig = await Rig.open({ poolSize: 1, preparedStatementsMax: 2 });
  const client = await rig.client();
  const { backend } = rig.server;
  client.send(parse('SELECT 1', 'one'), sync(), parse('SELECT 2', 'two'), sync());
  client.send(use('one'), execute(), sync());
  await rig.settle();
  expect(backend.tags).not.toContain('C');
  client.send(parse('SELECT 3', 'three'), sync());
  await rig.settle();
  const closed = backend.received.filter(({ tag }) => tag === 'C').map(({ body }) => `${body}`);
  expect(closed).toEqual(namesOf(backend, 'SELECT 2').map((name) => `S${name}\0`));
});

test('max_prepared_statements = 0 leaves names to clients where state is not followed, else is 200', async () => {
  for (const sessionState of ['leak', 'track'] as const) {
    const rig = await Rig.open({ poolSize: 1, preparedStatementsMax: 0, sessionState });
    const client = await rig.client();
    client.send(parse('SELECT 1', 'one'), sync(), parse('SELECT 2', 'two'), sync());
    client.send(use('two'), execute(), sync());
    await rig.settle();
    expect(client.tags).toBe('1Z1Z2CZ');
    const { backend } = rig.server;
    const names = namesOf(backend, 'SELECT 1', 'SELECT 2');
    if (sessionState === 'leak') expect(names).toEqual(['one', 'two']);
    else expect(names).not.toContain('one');
    expect(backend.tags).toBe('PSPSBES');
  }
});
