import { DENIED, HandStore, json, KeptStage } from './stage';

const known = ({ kept }: KeptStage) => ({
  current: kept.known?.current.password,
  pending: kept.known?.pending?.password,
  previous: kept.known?.previous?.password,
});

/** Asks for a reading, and tells when it has come. */
function renewal({ clock, kept }: KeptStage, { thorough = false } = {}) {
  const renewed: { atMs: number | undefined } = { atMs: undefined };
  kept.renew({ thorough }, () => {
    renewed.atMs = clock.nowMs();
  });
  return renewed;
}

test('it is read at once, and again every secrets_refresh', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  expect(known(stage).current).toBe('one');
  stage.store.rotate(json('two'));
  await stage.pass(299_000);
  expect(known(stage).current).toBe('one');
  await stage.pass(1_000);
  expect(known(stage)).toEqual({ current: 'two', pending: undefined, previous: 'one' });
  stage.settings.refreshMs = 10_000;
  stage.kept.reconfigure();
  stage.store.texts.current = json('three');
  await stage.pass(10_000);
  expect(known(stage).current).toBe('three');
});

test('only what is needed is asked for: other versions when one has changed, or somebody asks', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  expect(stage.store.asked).toEqual(['current']);
  stage.store.asked.length = 0;
  stage.store.rotate(json('two'));
  renewal(stage);
  await stage.pass(2_000);
  expect(stage.store.asked).toEqual(['current', 'previous']);
  stage.store.asked.length = 0;
  renewal(stage, { thorough: true });
  await stage.pass(2_000);
  expect([...stage.store.asked].sort()).toEqual(['current', 'pending', 'previous']);
});

test('clients may use the password before for secret_overlap after the change was seen', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  expect(stage.kept.overlapLeftMs).toBe(0);
  stage.store.rotate(json('two'));
  renewal(stage);
  await stage.pass(1_000);
  expect(known(stage).previous).toBe('one');
  const left = stage.kept.overlapLeftMs;
  expect(left).toBeGreaterThan(3_598_000);
  await stage.pass(left - 1);
  expect(stage.kept.overlapLeftMs).toBe(1);
  await stage.pass(1);
  expect(stage.kept.overlapLeftMs).toBe(0);
  stage.settings.overlapMs = 7_200_000;
  expect(stage.kept.overlapLeftMs).toBe(3_600_000);
  stage.settings.overlapMs = 0;
  expect(stage.kept.overlapLeftMs).toBe(0);
});

test('after a start the overlap goes on where the version is that young', async () => {
  const store = new HandStore(json('two'));
  store.texts.previous = json('one');
  const wallMs = new KeptStage(new HandStore(undefined)).clock.wallMs();
  store.createdAtMs = wallMs - 600_000;
  const young = await KeptStage.open(store);
  expect(known(young).previous).toBe('one');
  expect(young.kept.overlapLeftMs).toBe(3_000_000);
  store.createdAtMs = wallMs - 3_600_000;
  const old = await KeptStage.open(store);
  expect(old.kept.overlapLeftMs).toBe(0);
});

test('of a store without stages the one before is remembered', async () => {
  const stage = await KeptStage.open(new HandStore(json('one'), { hasStages: false }));
  stage.store.texts.current = 'plain-one\n';
  renewal(stage);
  await stage.pass(2_000);
  expect(known(stage)).toEqual({ current: 'plain-one', pending: undefined, previous: 'one' });
  expect(stage.store.asked).toEqual(['current', 'current']);
});

test('all who ask while one reading is under way get the next one together', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  await stage.pass(60_000);
  stage.store.asked.length = 0;
  const renewals = Array.from({ length: 100 }, () => renewal(stage));
  await stage.pass(0);
  expect(stage.store.asked).toEqual(['current']);
  expect(renewals.every(({ atMs }) => atMs === stage.clock.nowMs())).toBe(true);
});

test('a reading that began before somebody asked is not good enough for him', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  await stage.pass(60_000);
  stage.store.asked.length = 0;
  stage.store.answers = false;
  const first = renewal(stage);
  await stage.pass(100);
  expect(stage.store.asked).toHaveLength(1);
  stage.store.answers = true;
  stage.store.rotate(json('two'));
  const second = renewal(stage);
  await stage.pass(5_000);
  expect(first.atMs).toBeDefined();
  expect(second.atMs).toBeDefined();
  await stage.pass(2_000);
  expect(known(stage).current).toBe('two');
});

test('one who goes on asking for nothing new is served ever more slowly, down to a limit', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  await stage.pass(61_000);
  stage.store.asked.length = 0;
  const ask = (): void => void stage.kept.renew({ thorough: false }, ask);
  ask();
  await stage.pass(60_000);
  // 1 s, 2 s, then every 4 s.
  expect(stage.store.asked.length).toBeGreaterThanOrEqual(15);
  expect(stage.store.asked.length).toBeLessThanOrEqual(18);
});

test('what can be found is found within five seconds, however often others have asked in vain', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  const ask = (): void => void stage.kept.renew({ thorough: false }, ask);
  ask();
  await stage.pass(61_500);
  stage.store.rotate(json('two'));
  const mine = renewal(stage);
  await stage.pass(5_000);
  expect(mine.atMs).toBeDefined();
  expect(known(stage).current).toBe('two');
});

test('nobody waits longer than five seconds for a store that does not answer', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  stage.store.answers = false;
  const mine = renewal(stage);
  await stage.pass(4_999);
  expect(mine.atMs).toBeUndefined();
  await stage.pass(1);
  expect(mine.atMs).toBeDefined();
  await stage.pass(5_000);
  expect(stage.kept.fault).toEqual({ why: 'unreachable', reason: 'no answer in time' });
});

test('what was read last is used on when the secret cannot be read, with one line for each change', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  stage.store.fault = DENIED;
  await stage.pass(900_000);
  expect(known(stage).current).toBe('one');
  expect(stage.log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  stage.store.fault = { kind: 'failed', why: 'missing', reason: 'deleted' };
  await stage.pass(900_000);
  expect(stage.log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  stage.store.fault = undefined;
  await stage.pass(900_000);
  expect(stage.kept.fault).toBeUndefined();
  const said = stage.log.lines.map(({ message }) => message);
  expect(said).toEqual([
    'the secret cannot be read',
    'the secret cannot be read',
    'the secret can be read again',
  ]);
});

test('it is tried again soon, and then ever later, when it cannot be read', async () => {
  const store = new HandStore(json('one'));
  store.fault = DENIED;
  const stage = await KeptStage.open(store);
  await stage.pass(20_000);
  // At once, after 1, 2, 4 and 8 s more.
  expect(store.asked).toHaveLength(5);
  await stage.pass(600_000);
  expect(store.asked.length).toBeLessThan(5 + 14);
  store.fault = undefined;
  await stage.pass(66_000);
  expect(known(stage).current).toBe('one');
});

test.each([
  ['no JSON', '{"password": "p4ssword"', 'it is not valid JSON'],
  ['a list', '["p4ssword"]', 'it is not a JSON object'],
  ['no password', '{"username":"p4ssword"}', 'it has no password'],
  ['an empty one', '{"password":""}', 'it has no password'],
  ['a number', '{"password":12345678}', 'it has no password'],
  [
    'one that PostgreSQL cannot have',
    '{"password":"p4ssword\\u0000"}',
    'its password cannot be one of PostgreSQL',
  ],
  [
    'a user that is none',
    '{"password":"p4ssword","username":["x"]}',
    'its username is not the name of a user',
  ],
])('a text with %s is a fault, of which nothing is shown', async (_, text, reason) => {
  const stage = await KeptStage.open(new HandStore(text));
  expect(stage.kept.known).toBeUndefined();
  expect(stage.kept.fault).toEqual({ why: 'unusable', reason });
  expect(JSON.stringify(stage.log.lines)).not.toContain('p4ssword');
});

test('one that is closed lets everybody go, and asks no more', async () => {
  const stage = await KeptStage.open(new HandStore(json('one')));
  stage.store.answers = false;
  const under = renewal(stage);
  await stage.pass(0);
  const next = renewal(stage);
  stage.kept.close();
  expect(next.atMs).toBeDefined();
  await stage.pass(5_000);
  expect(under.atMs).toBeDefined();
  stage.store.asked.length = 0;
  await stage.pass(3_600_000);
  expect(stage.store.asked).toEqual([]);
});

test.each([1, 2, 3])(
  'a rotation that ends after version %s of a reading hides no password',
  async (at) => {
    const stage = await KeptStage.open(new HandStore(json('old')));
    stage.store.texts.pending = json('new');
    let count = 0;
    stage.store.lookedUp = () => {
      count++;
      if (count === at) stage.store.rotate(json('new'));
    };
    renewal(stage, { thorough: true });
    await stage.pass(2_000);
    expect(count).toBe(3);
    expect(Object.values(known(stage))).toEqual(expect.arrayContaining(['new', 'old']));
  },
);
