import { query } from '../kit/messages';
import { heard, Stage } from './stage';

let stage: Stage;
afterEach(() => stage.stop());

const COUNT = 40;
const payloads = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));

test.each(['first', 'second'])(
  'a flood during the hand-over of the %s listener comes whole, once and in order',
  async (which) => {
    stage = await Stage.open({ poolSize: 3 });
    if (which === 'second') await stage.listener('flood');
    const client = await stage.rig.client();
    client.send(query('LISTEN flood'));
    let sent = 0;
    // A task of the network between each two notifications, so that they come at every stage.
    const flood = (): void => {
      if (sent === COUNT) return;
      stage.server.notify('flood', String(sent++));
      stage.rig.tasks.push(flood);
    };
    flood();
    await stage.rig.settle();
    const got = heard(client);
    expect(got.length).toBeGreaterThan(COUNT / 2);
    expect(got).toEqual(payloads(COUNT - got.length, COUNT));
    expect(stage.pins).toBe(0);
    expect(client.tags.replaceAll('A', '')).toBe('CZ');
  },
);

test('the listening link may be late: what its session’s own link brings behind the mark waits', async () => {
  stage = await Stage.open({ poolSize: 3 });
  await stage.listener('news');
  const listening = stage.listening;
  const client = await stage.rig.client();
  await stage.run(client, 'LISTEN other');
  expect(stage.pins).toBe(0);
  stage.server.hold(listening);
  client.forget();
  await stage.run(client, 'LISTEN news');
  expect(client.tags).toBe('CZ');
  expect(stage.pins).toBe(1);
  await stage.notify('news', 'a', 'b');
  expect(heard(client)).toEqual([]);
  stage.server.release(listening);
  await stage.rig.settle();
  expect(heard(client)).toEqual(['a', 'b']);
  expect(stage.pins).toBe(0);
});

test('what the client sends meanwhile waits, and is answered', async () => {
  stage = await Stage.open({ poolSize: 3 });
  await stage.listener('news');
  const listening = stage.listening;
  stage.server.hold(listening);
  const client = await stage.rig.client();
  await stage.run(client, 'LISTEN news', 'SELECT 1');
  expect(client.tags).toBe('CZ');
  stage.server.release(listening);
  await stage.rig.settle();
  expect(client.tags).toBe('CZCZ');
});

test('a listening link that does not hear the mark in time leaves the session its own link, and nothing is lost', async () => {
  stage = await Stage.open({ poolSize: 3 });
  await stage.listener('news');
  const listening = stage.listening;
  const client = await stage.rig.client();
  stage.server.hold(listening);
  await stage.run(client, 'LISTEN news');
  await stage.notify('news', 'a', 'b');
  await stage.rig.pass(2100);
  expect(heard(client)).toEqual(['a', 'b']);
  stage.server.release(listening);
  await stage.notify('news', 'c');
  expect(heard(client)).toEqual(['a', 'b', 'c']);
  expect(stage.pins).toBe(1);
  // Later it works.
  await stage.rig.pass(31_000);
  expect(stage.pins).toBe(0);
  await stage.notify('news', 'd');
  expect(heard(client)).toEqual(['a', 'b', 'c', 'd']);
});

test('a listening link that is lost while the mark is under way leaves the session its own', async () => {
  stage = await Stage.open({ poolSize: 3 });
  const first = await stage.listener('news');
  const listening = stage.listening;
  const client = await stage.rig.client();
  stage.server.hold(listening);
  await stage.run(client, 'LISTEN news');
  await stage.notify('news', 'a');
  listening.terminate();
  await stage.rig.settle();
  expect(heard(client)).toEqual(['a']);
  expect(client.tags).toBe('CZA');
  await stage.rig.pass(40_000);
  expect(stage.pins).toBe(0);
  await stage.notify('news', 'b');
  expect(heard(client)).toEqual(['a', 'b']);
  expect(first.tags).toBe('NA');
});

test('a link that can’t become the listening one stays its session’s', async () => {
  stage = await Stage.open();
  stage.server.fails = (sql) => sql.includes('idle_session_timeout');
  const client = await stage.listener('news');
  expect(stage.pins).toBe(1);
  await stage.notify('news', 'a');
  expect(heard(client)).toEqual(['a']);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])(
  'a client that leaves after %i steps of the network leaves nothing behind',
  async (steps) => {
    stage = await Stage.open({ poolSize: 3 });
    const stayer = await stage.listener('news');
    const client = await stage.rig.client();
    client.send(query('LISTEN news'));
    let left = steps;
    const step = (): void => {
      if (left-- > 0) stage.rig.tasks.push(step);
      else client.hangUp();
    };
    stage.rig.tasks.push(step);
    await stage.rig.settle();
    await stage.rig.pass(6000);
    expect(stage.pins).toBe(0);
    const listening = stage.listening;
    for (const backend of stage.rig.server.live) {
      if (backend !== listening) expect(stage.server.channelsOf(backend)).toEqual([]);
    }
    const [next] = await stage.rig.holders(1);
    await stage.notify('news', 'a');
    expect(heard(stayer)).toEqual(['a']);
    expect(next?.tags).toBe('');
  },
);

test('another encoding than the listening link’s keeps a session on its own', async () => {
  stage = await Stage.open({ poolSize: 3 });
  await stage.listener('news');
  stage.rig.server.parameters.set('client_encoding', 'LATIN1');
  const listening = stage.listening;
  for (const backend of [...stage.rig.server.live]) if (backend !== listening) backend.terminate();
  await stage.rig.settle();
  const client = await stage.listener('news');
  expect(stage.pins).toBe(1);
  await stage.notify('news', 'a');
  expect(heard(client)).toEqual(['a']);
});
