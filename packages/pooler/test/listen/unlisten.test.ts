import { heard, Stage } from './stage';

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open({ poolSize: 3 });
  // So that the client of the test is not the first one, whose link becomes the listening one.
  await stage.listener('first');
});
afterEach(() => stage.stop());

const CASES: readonly (readonly [
  name: string,
  statements: readonly string[],
  hears: readonly string[],
])[] = [
  ['UNLISTEN of one', ['UNLISTEN a'], ['b']],
  ['UNLISTEN of all', ['UNLISTEN *'], []],
  ['UNLISTEN of another one', ['UNLISTEN c'], ['a', 'b']],
  ['UNLISTEN in a transaction that commits', ['BEGIN', 'UNLISTEN a', 'COMMIT'], ['b']],
  [
    'UNLISTEN in a transaction that is rolled back',
    ['BEGIN', 'UNLISTEN a', 'ROLLBACK'],
    ['a', 'b'],
  ],
  ['UNLISTEN of both, one by one', ['BEGIN', 'UNLISTEN a', 'UNLISTEN b', 'COMMIT'], []],
  ['UNLISTEN and LISTEN again', ['BEGIN', 'UNLISTEN *', 'LISTEN a', 'COMMIT'], ['a']],
  ['LISTEN once more', ['LISTEN a'], ['a', 'b']],
  ['LISTEN to a third one', ['LISTEN c'], ['a', 'b', 'c']],
  [
    'LISTEN and UNLISTEN in one transaction',
    ['BEGIN', 'LISTEN c', 'UNLISTEN a', 'COMMIT'],
    ['b', 'c'],
  ],
  ['UNLISTEN in a statement that fails', ['BEGIN', 'fail', 'ROLLBACK', 'UNLISTEN a'], ['b']],
  ['several statements at once', ['UNLISTEN a;LISTEN c'], ['b', 'c']],
];

test.each(CASES)('%s', async (_name, statements, hears) => {
  const client = await stage.listener('a', 'b');
  expect(stage.pins).toBe(0);
  await stage.run(client, ...statements);
  client.forget();
  for (const channel of ['a', 'b', 'c']) await stage.notify(channel, channel);
  expect(heard(client)).toEqual(hears);
  await stage.tick();
  expect(stage.pins).toBe(0);
  const listening = stage.listening;
  for (const backend of stage.rig.server.live) {
    if (backend !== listening) expect(stage.server.channelsOf(backend)).toEqual([]);
  }
});

test('LISTEN to an old channel among new ones takes none away', async () => {
  const client = await stage.listener('a', 'b');
  const listening = stage.listening;
  // The new channel is not handed over before all is done.
  stage.server.fails = (sql) => sql === 'LISTEN "new"';
  await stage.run(client, 'LISTEN new', 'LISTEN a', 'LISTEN other');
  client.forget();
  for (const channel of ['a', 'b', 'new', 'other']) await stage.notify(channel, channel);
  expect(heard(client)).toEqual(['a', 'b', 'new', 'other']);
  expect(stage.server.channelsOf(listening)).not.toContain('new');
  stage.server.fails = undefined;
  await stage.rig.pass(2000);
  expect(stage.pins).toBe(0);
  client.forget();
  for (const channel of ['a', 'b', 'new', 'other']) await stage.notify(channel, channel);
  expect(heard(client)).toEqual(['a', 'b', 'new', 'other']);
});

test('what comes after UNLISTEN is not heard, even if it was sent before', async () => {
  const client = await stage.listener('a');
  const listening = stage.listening;
  stage.server.hold(listening);
  await stage.notify('a', 'late');
  await stage.run(client, 'UNLISTEN a');
  stage.server.release(listening);
  await stage.rig.settle();
  expect(client.tags).toBe('CZ');
});
