import fc from 'fast-check';
import type { FakeBackend } from '../kit/fake-backend';
import type { Message } from '../kit/messages';
import { describe as describePortal, extended, query, sync } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard, ONE, Stage, TWO } from './stage';

/** What a client does: a write has a number of its own. */
type Act =
  | { readonly kind: 'write'; readonly number: number }
  | { readonly kind: 'read' | 'begin' | 'commit' | 'rollback' };

interface Step {
  readonly act: Act;
  readonly isExtended: boolean;
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

function bytesOf({ act, isExtended }: Step): Buffer {
  const sql = sqlOf(act);
  return isExtended ? Buffer.concat([extended(sql), describePortal(), sync()]) : query(sql);
}

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

/** The client goes on whatever it hears: just that must not do half of anything. */
function check(steps: readonly Step[], client: TestClient, backends: readonly FakeBackend[]): void {
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
  for (const [index, { act, isExtended }] of steps.entries()) {
    const answer = answers[index] ?? [];
    // Nothing comes twice: an answer, or the beginning of one and an error.
    const whole = isExtended ? '12Cn' : 'C';
    const tags = answer.map(({ tag }) => tag).join('');
    const [begun = '', end] = tags.split('E');
    expect(end === undefined ? tags : `${whole}${end}`).toBe(`${whole}Z`);
    expect(whole.startsWith(end === undefined ? whole : begun)).toBe(true);
    const code = codeOf(answer);
    expect([undefined, '08006', '08007', '25P02']).toContain(code);
    if (act.kind === 'read' && block === undefined) expect([undefined, '08006']).toContain(code);
    const status = answer.at(-1)?.body.toString('latin1');
    if (act.kind === 'begin') block ??= [];
    else if (act.kind === 'write' && block !== undefined) block.push(act.number);
    else if (act.kind === 'write') {
      expectAll([act.number], outcomeOf(answer, { commits: false }));
    } else if (act.kind !== 'read' && block !== undefined) {
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
    if (!step.isPipelined) await stage.rig.pass(1);
    client.send(bytesOf(step));
  }
  await stage.rig.pass(1);
  check(steps, client, server.backends);
  const isWhole = server.backends.every(({ closed }) => !closed);
  return isWhole;
}

const act = (kind: Exclude<Act['kind'], 'write'>): Act => ({ kind });
const write = (number: number): Act => ({ kind: 'write', number });

const SCRIPTS: readonly (readonly [string, readonly Act[]])[] = [
  ['reads', [act('read'), act('read'), act('read')]],
  ['writes', [write(1), write(2), write(3)]],
  ['a transaction', [act('begin'), write(1), act('read'), write(2), act('commit'), write(3)]],
  ['a rollback', [act('begin'), write(1), act('rollback'), act('read'), write(2)]],
  [
    'two transactions',
    [act('begin'), write(1), act('commit'), act('begin'), write(2), act('commit')],
  ],
  ['a transaction of reads', [act('begin'), act('read'), act('commit'), act('read')]],
];

const HOWS = [
  { isExtended: false, isPipelined: false },
  { isExtended: true, isPipelined: false },
  { isExtended: false, isPipelined: true },
  { isExtended: true, isPipelined: true },
];

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
    isExtended: fc.boolean(),
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
    { numRuns: 600 },
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
