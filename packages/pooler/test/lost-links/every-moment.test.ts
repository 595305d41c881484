import fc from 'fast-check';
import type { FakeBackend } from '../kit/fake-backend';
import type { Message } from '../kit/messages';
import {
  bound,
  describe as describePortal,
  describeStatement,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
} from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard, ONE, Stage, TWO } from './stage';

/** What a client does: a write has a number of its own. */
type Act =
  | { readonly kind: 'write'; readonly number: number }
  | { readonly kind: 'read' | 'begin' | 'commit' | 'rollback' };

interface Step {
  readonly act: Act;
  /** `flushed`: it is prepared and described by itself first, and goes on when that has been answered. */
  readonly how: 'simple' | 'extended' | 'flushed';
  /** It is sent without waiting for what is in front of it. */
  readonly isPipelined: boolean;
}

function sqlOf(act: Act): string {
  switch (act.kind) {
    case 'write':
      return `INSERT INTO t VALUES (${act.number})`;
    case 'read':
      return 'SELECT a FROM t';
    default:
      return act.kind.toUpperCase();
  }
}

/** What is sent, one after the other, each when the one before has been answered as far as it will be. */
function partsOf({ act, how }: Step): readonly Buffer[] {
  const sql = sqlOf(act);
  switch (how) {
    case 'simple':
      return [query(sql)];
    case 'extended':
      return [Buffer.concat([extended(sql), describePortal(), sync()])];
    case 'flushed':
      return [
        Buffer.concat([parse(sql), describeStatement(''), flush()]),
        Buffer.concat([bound(''), execute(), sync()]),
      ];
  }
}

/** The tags of the answer to all of it, and those of the beginning that stands if the rest is lost. */
const WHOLE = {
  simple: { tags: 'C', stands: '' },
  extended: { tags: '12Cn', stands: '' },
  flushed: { tags: '1n2C', stands: '1n' },
} as const;

/** Numbers of the writes that have become durable, however often. */
function durable(backends: readonly FakeBackend[]): readonly number[] {
  const found: number[] = [];
  for (const { ran } of backends) {
    let open: number[] = [];
    for (const { sql, status } of ran) {
      const number = /\((\d+)\)$/.exec(sql)?.[1];
      if (number !== undefined && status === 'I') found.push(Number(number));
      else if (number !== undefined) open.push(Number(number));
      else if (sql === 'COMMIT') found.push(...open);
      if (sql === 'COMMIT' || sql === 'ROLLBACK') open = [];
    }
  }
  return found;
}

/** The answers, each up to its ReadyForQuery. */
function answersOf(client: TestClient): readonly (readonly Message[])[] {
  const answers: Message[][] = [[]];
  for (const message of client.recent) {
    answers.at(-1)?.push(message);
    if (message.tag === 'Z') answers.push([]);
  }
  expect(answers.pop()).toEqual([]);
  return answers;
}

function codeOf(answer: readonly Message[]): string | undefined {
  const errors = answer.filter(({ tag }) => tag === 'E');
  // One error at most for each group.
  expect(errors.length).toBeLessThanOrEqual(1);
  const [error] = errors;
  return error === undefined ? undefined : /C(\w{5})\0/.exec(error.body.toString('latin1'))?.[1];
}

function tagOf(answer: readonly Message[]): string | undefined {
  const complete = answer.find(({ tag }) => tag === 'C');
  return complete?.body.toString('latin1', 0, complete.body.length - 1);
}

/** What a transaction, or a statement outside of one, has come to by what the client was told. */
type Outcome = 'done' | 'undone' | 'unknown';

function outcomeOf(
  answer: readonly Message[],
  { commits }: { readonly commits: boolean },
): Outcome {
  const code = codeOf(answer);
  if (code === '08007') return 'unknown';
  if (code !== undefined) return 'undone';
  return commits && tagOf(answer) !== 'COMMIT' ? 'undone' : 'done';
}

interface Played {
  readonly client: TestClient;
  readonly backends: readonly FakeBackend[];
  /** No more than one server has died, so nothing was lost that ran for the second time. */
  readonly isLostOnce: boolean;
}

/** The client goes on whatever it hears: just that must not do half of anything. */
function check(steps: readonly Step[], { backends, client, isLostOnce }: Played): void {
  const answers = answersOf(client);
  expect(answers).toHaveLength(steps.length);
  const counts = new Map<number, number>();
  for (const number of durable(backends)) counts.set(number, (counts.get(number) ?? 0) + 1);
  let block: number[] | undefined;
  const expectAll = (numbers: readonly number[], outcome: Outcome): void => {
    const found = numbers.map((number) => counts.get(number) ?? 0);
    for (const count of found) expect(count).toBeLessThanOrEqual(1);
    // All or nothing.
    expect(new Set(found).size).toBeLessThanOrEqual(1);
    if (outcome !== 'unknown' && found.length > 0)
      expect(found[0]).toBe(outcome === 'done' ? 1 : 0);
  };
  // Nothing can when what was sent behind a statement that had been prepared has taken its name.
  const canRunAgain = !steps.some(({ how }, index) => {
    return how === 'flushed' && steps[index + 1]?.isPipelined === true;
  });
  for (const [index, { act, how }] of steps.entries()) {
    const answer = answers[index] ?? [];
    // Nothing comes twice: an answer, or the beginning of one and an error.
    const { tags: whole, stands } = WHOLE[how];
    // The fake server says nothing of parameters.
    const tags = answer.map(({ tag }) => (tag === 't' ? '' : tag)).join('');
    const [begun = '', end] = tags.split('E');
    expect(end === undefined ? tags : `${whole}${end}`).toBe(`${whole}Z`);
    expect(whole.startsWith(end === undefined ? whole : begun)).toBe(true);
    const code = codeOf(answer);
    expect([undefined, '08006', '08007', '25P02']).toContain(code);
    const isRead = act.kind === 'read';
    if (isRead && block === undefined) expect([undefined, '08006']).toContain(code);
    // What has not been sent, or has only read, is not lost as long as nothing of its answer has come.
    const isUntold =
      canRunAgain && isLostOnce && block === undefined && (begun === '' || begun === stands);
    if (isUntold && isRead) expect(code).toBeUndefined();
    if (isUntold && act.kind === 'write') expect(code).not.toBe('08006');
    const status = answer.at(-1)?.body.toString('latin1');
    // A driver that hears an error while it prepares BEGIN has not begun.
    const isRefused = how === 'flushed' && code !== undefined && begun.length < stands.length;
    // And one that hears it while it prepares COMMIT or ROLLBACK is still in the transaction that failed.
    const isStillIn = how === 'flushed' && code !== undefined && status === 'E';
    if (act.kind === 'begin' && !isRefused) block ??= [];
    else if (act.kind === 'write' && block !== undefined) block.push(act.number);
    else if (act.kind === 'write') {
      expectAll([act.number], outcomeOf(answer, { commits: false }));
    } else if (act.kind !== 'read' && block !== undefined && !isStillIn) {
      const commits = act.kind === 'commit';
      expectAll(block, commits ? outcomeOf(answer, { commits }) : 'undone');
      block = undefined;
    }
    // In a block the client is told that it is in one, and outside that it is not.
    expect(status === 'I').toBe(block === undefined);
  }
  if (block !== undefined) expectAll(block, 'undone');
}

/** Plays it to the end, on a server that dies after so many messages, and then another. */
async function play(
  steps: readonly Step[],
  lives: readonly number[],
  poolMode: 'session' | 'transaction' = 'transaction',
): Promise<boolean> {
  const stage = await Stage.open({ poolSize: 1, poolMode });
  const client = await stage.rig.client();
  const { server } = stage.rig;
  let died = 0;
  const began = server.loginBegan.bind(server);
  server.loginBegan = (...args) => {
    const peer = began(...args);
    const life = lives[++died];
    const newest = server.backends.at(-1);
    // Its welcome has been said by now.
    if (newest !== undefined && life !== undefined) newest.diesAfter = life;
    return peer;
  };
  const [first] = server.live;
  if (first !== undefined) first.diesAfter = lives[0];
  for (const step of steps) {
    for (const [at, part] of partsOf(step).entries()) {
      if (at > 0 || !step.isPipelined) await stage.rig.pass(1);
      client.send(part);
    }
  }
  await stage.rig.pass(1);
  const { backends } = server;
  check(steps, { client, backends, isLostOnce: lives.length === 1 });
  const isWhole = server.backends.every(({ closed }) => !closed);
  return isWhole;
}

const act = (kind: Exclude<Act['kind'], 'write'>): Act => ({ kind });
const write = (number: number): Act => ({ kind: 'write', number });

const SCRIPTS: readonly (readonly [string, readonly Act[]])[] = [
  ['reads', [act('read'), act('read'), act('read')]],
  ['writes', [write(1), write(2), write(3)]],
  ['reads and writes', [act('read'), write(1), act('read'), act('read'), write(2), act('read')]],
  ['a write and a transaction', [act('read'), write(1), act('begin'), write(2), act('commit')]],
  ['a transaction', [act('begin'), write(1), act('read'), write(2), act('commit'), write(3)]],
  ['a rollback', [act('begin'), write(1), act('rollback'), act('read'), write(2)]],
  [
    'two transactions',
    [act('begin'), write(1), act('commit'), act('begin'), write(2), act('commit')],
  ],
  ['a transaction of reads', [act('begin'), act('read'), act('commit'), act('read')]],
];

const HOWS = [
  { how: 'simple', isPipelined: false },
  { how: 'extended', isPipelined: false },
  { how: 'flushed', isPipelined: false },
  { how: 'simple', isPipelined: true },
  { how: 'extended', isPipelined: true },
] as const;

describe.each(SCRIPTS)('%s', (_name, acts) => {
  test.each(HOWS)('the server dies behind each message of its answers: %j', async (how) => {
    const steps = acts.map((one) => ({ act: one, ...how }));
    let moments = 0;
    for (let isWhole = false; !isWhole; moments++) {
      expect(moments).toBeLessThan(100);
      isWhole = await play(steps, [moments]);
    }
    expect(moments).toBeGreaterThan(steps.length * 2);
  });
});

test('any acts, in any way, on servers that die at any moment', async () => {
  const anyStep = fc.record({
    act: fc.oneof(
      fc.constantFrom<Act>(act('read'), act('begin'), act('commit'), act('rollback')),
      fc.constant<Act>(write(0)),
    ),
    how: fc.constantFrom('simple' as const, 'extended' as const, 'flushed' as const),
    isPipelined: fc.boolean(),
  });
  const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 12 });
  const anyLives = fc.array(fc.nat(25), { minLength: 1, maxLength: 3 });
  const anyMode = fc.constantFrom('session' as const, 'transaction' as const);
  await fc.assert(
    fc.asyncProperty(anySteps, anyLives, anyMode, async (given, lives, mode) => {
      const steps = given.map((step, index) =>
        step.act.kind === 'write' ? { ...step, act: write(index) } : step,
      );
      await play(inOrder(steps), lives, mode);
    }),
    { numRuns: 300 },
  );
}, 60_000);

/** A BEGIN in a transaction and an end outside of one are warnings in PostgreSQL: left out. */
function inOrder(steps: readonly Step[]): readonly Step[] {
  let isOpen = false;
  return steps.filter(({ act: { kind } }) => {
    const fits = kind === 'begin' ? !isOpen : isOpen || (kind !== 'commit' && kind !== 'rollback');
    if (kind === 'begin') isOpen = true;
    if (kind === 'commit' || kind === 'rollback') isOpen = false;
    return fits;
  });
}

test('what these tests call durable is what PostgreSQL would have kept', async () => {
  const stage = await Stage.open();
  const client = await stage.rig.client();
  const acts = [
    write(1),
    act('begin'),
    write(2),
    act('rollback'),
    act('begin'),
    write(3),
    act('commit'),
  ];
  for (const one of acts) client.send(query(sqlOf(one)));
  await stage.rig.settle();
  expect(durable(stage.rig.server.backends)).toEqual([1, 3]);
  expect(heard(client)).toContain('C(COMMIT)');
  expect([stage.rig.server.liveAt(ONE).length, stage.rig.server.liveAt(TWO).length]).toEqual([
    1, 0,
  ]);
});
