import fc from 'fast-check';
import { extended, type Message, query, sync } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { A, ALL, B, changed, PRIMARY, Stage } from './stage';

const CLIENTS = 3;
const ACTS = ['read', 'write', 'hinted', 'readOnly', 'readWrite'] as const;
type Act = (typeof ACTS)[number];

/** One group of messages of a client. */
interface Group {
  readonly sql: string;
  /** What CommandComplete says when it works. */
  readonly tag: string;
  readonly block: 'none' | 'readOnly' | 'readWrite';
}

/** Statements of one client, each with a number of its own. */
function groupsOf(client: number, acts: readonly Act[]): readonly Group[] {
  let next = client * 1000;
  const read = (block: Group['block'], hint = ''): Group => {
    const number = ++next;
    return { sql: `SELECT ${hint}c FROM t WHERE a = ${number}`, tag: `SELECT ${number}`, block };
  };
  const write = (block: Group['block']): Group => {
    const number = ++next;
    return { sql: `INSERT INTO t VALUES (${number})`, tag: `SELECT ${number}`, block };
  };
  return acts.flatMap((act): readonly Group[] => {
    switch (act) {
      case 'read':
        return [read('none')];
      case 'write':
        return [write('none')];
      case 'hinted':
        return [read('none', '/* pgweir: primary */ ')];
      default: {
        const begin = act === 'readOnly' ? 'BEGIN READ ONLY' : 'BEGIN';
        const inside = act === 'readOnly' ? [read(act), read(act)] : [write(act), read(act)];
        const ends = { sql: 'COMMIT', tag: 'COMMIT', block: act };
        return [{ sql: begin, tag: 'BEGIN', block: act }, ...inside, ends];
      }
    }
  });
}

const numberIn = (sql: string): number => Number(/(\d+)\)?$/.exec(sql)?.[1] ?? 0);

/** What the servers are, and who has seen how much of it. */
class World {
  readonly stage: Stage;
  /** What each client has seen, as a position. */
  readonly seen: number[] = Array(CLIENTS).fill(0);
  readonly problems: string[] = [];
  readonly written: number[] = [];
  /** So many of the next reads at replicas are refused. */
  refusals = 0;

  constructor(stage: Stage) {
    this.stage = stage;
    for (const port of [PRIMARY, A, B])
      stage.at(port, (backend) => {
        backend.tagOf = (sql) => `SELECT ${numberIn(sql)}`;
        backend.failsWith = (sql) => this.#runs(port, sql, backend.status !== 'I');
      });
  }

  #runs(port: number, sql: string, isInBlock: boolean): string | undefined {
    const client = Math.floor(numberIn(sql) / 1000);
    if (numberIn(sql) === 0 || sql.includes('pg_catalog.')) return undefined;
    const { positions } = this.stage;
    if (sql.startsWith('INSERT')) {
      if (port !== PRIMARY) this.problems.push(`a write at a replica: ${sql}`);
      positions.primary += 10;
      this.written.push(numberIn(sql));
      this.seen[client] = positions.primary;
      return undefined;
    }
    if (sql.includes('primary') && port !== PRIMARY)
      this.problems.push(`in spite of its hint: ${sql}`);
    if (port !== PRIMARY && !isInBlock && this.refusals > 0) {
      this.refusals--;
      return '40001';
    }
    const at = port === PRIMARY ? positions.primary : (positions.replayed.get(port) ?? 0);
    // A READ ONLY transaction was let in by what was seen before it.
    if (at < (this.seen[client] ?? 0)) this.problems.push(`${sql} at ${port} goes back`);
    this.seen[client] = at;
    return undefined;
  }

  /** Replicas go on, up to a part of what they lack. */
  replay(port: number, part: number): void {
    const { positions } = this.stage;
    const before = positions.replayed.get(port) ?? 0;
    const lacks = positions.primary - before;
    positions.replayed.set(port, before + Math.floor(lacks * part));
  }
}

type Happening =
  | { readonly kind: 'send'; readonly client: number; readonly bytes: number }
  | { readonly kind: 'replay'; readonly port: number; readonly part: number }
  | { readonly kind: 'crash' | 'diesAfter'; readonly port: number; readonly after: number }
  | { readonly kind: 'servers'; readonly without: number }
  | { readonly kind: 'refuse' | 'pass' | 'reload' };

const anyPort = fc.constantFrom(A, B);
const anyHappening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      client: fc.nat(CLIENTS - 1),
      bytes: fc.integer({ min: 1, max: 150 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('replay' as const),
      port: anyPort,
      part: fc.constantFrom(0.3, 1, 1),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('crash' as const, 'diesAfter' as const),
      port: anyPort,
      after: fc.nat(6),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('servers' as const),
      without: fc.constantFrom(0, A, B),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('refuse', 'pass', 'reload') }) },
) as fc.Arbitrary<Happening>;

async function happen(one: Happening, world: World, send: (client: number, bytes: number) => void) {
  const { stage } = world;
  switch (one.kind) {
    case 'send':
      return send(one.client, one.bytes);
    case 'replay':
      return world.replay(one.port, one.part);
    case 'crash':
      for (const backend of stage.rig.server.liveAt(one.port)) backend.crash();
      return;
    case 'diesAfter':
      for (const backend of stage.rig.server.liveAt(one.port)) backend.diesAfter = one.after;
      return;
    case 'servers':
      stage.topology.publish(
        one.without === 0 ? ALL : changed(one.without, { outOfService: 'down' }),
        { epoch: 1, holding: false },
      );
      return;
    case 'refuse':
      world.refusals++;
      return;
    case 'reload':
      await stage.reload({}, { poolSize: 2 });
      return;
    default:
      await stage.rig.pass(50);
  }
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

function checkAnswers(groups: readonly Group[], client: TestClient, isExtended: boolean): void {
  const answers = answersOf(client);
  expect(answers).toHaveLength(groups.length);
  // Behind a ParseComplete that has been forwarded the client hears of it.
  const refusal = isExtended ? '40001' : undefined;
  for (const [index, { sql, tag, block }] of groups.entries()) {
    const answer = answers[index] ?? [];
    const complete = answer.find((message) => message.tag === 'C');
    const error = answer.find((message) => message.tag === 'E');
    const said = complete?.body.toString('latin1', 0, complete.body.length - 1);
    const code = /C(\w{5})\0/.exec(error?.body.toString('latin1') ?? '')?.[1];
    expect([tag, block === 'readOnly' ? 'ROLLBACK' : tag, undefined]).toContain(said);
    // Only what a replica was amidst of can be lost.
    const isOnPrimary =
      sql.startsWith('INSERT') || sql.includes('primary') || block === 'readWrite';
    if (isOnPrimary) expect([sql, code]).toEqual([sql, undefined]);
    else expect([undefined, '08006', '25P02', refusal, lostCommit(sql)]).toContain(code);
    expect(complete !== undefined || error !== undefined).toBe(true);
  }
}

/** Nobody has looked whether there was anything to commit. */
const lostCommit = (sql: string) => (sql === 'COMMIT' ? '08007' : undefined);

async function play(
  acts: readonly (readonly Act[])[],
  happenings: readonly Happening[],
  isExtended: boolean,
  database: { readonly replicaFallback?: 'wait' | 'primary'; readonly replicaPoolSize?: number },
): Promise<void> {
  const stage = await Stage.open(database, { poolSize: 2 });
  if (database.replicaFallback === 'wait') stage.slowDown();
  const world = new World(stage);
  const clients = await stage.rig.clients(CLIENTS);
  const groups = clients.map((_, index) => groupsOf(index, acts[index] ?? []));
  const rest = groups.map((list) =>
    Buffer.concat(list.flatMap(({ sql }) => (isExtended ? [extended(sql), sync()] : [query(sql)]))),
  );
  const send = (index: number, bytes: number): void => {
    const left = rest[index] ?? Buffer.alloc(0);
    if (left.length === 0) return;
    clients[index]?.send(left.subarray(0, bytes));
    rest[index] = left.subarray(bytes);
  };
  for (const one of happenings) {
    await happen(one, world, send);
    if (one.kind !== 'send' || one.bytes % 3 === 0) await stage.rig.settle();
  }
  for (const index of clients.keys()) send(index, Number.MAX_SAFE_INTEGER);
  await stage.publish(ALL);
  for (let i = 0; i < 20; i++) {
    for (const port of [A, B]) world.replay(port, 1);
    await stage.rig.pass(100);
  }
  expect(world.problems).toEqual([]);
  for (const [index, client] of clients.entries())
    checkAnswers(groups[index] ?? [], client, isExtended);
  const writes = groups.flat().filter(({ sql }) => sql.startsWith('INSERT'));
  expect(world.written.toSorted()).toEqual(writes.map(({ sql }) => numberIn(sql)).toSorted());
  const { outstanding } = stage.database.replicas.known.reduce(
    (sum, server) => ({ outstanding: sum.outstanding + server.outstanding }),
    { outstanding: 0 },
  );
  expect(outstanding).toBe(0);
  expect(stage.rig.pool().readWaiters.length).toBe(0);
  await stage.rig.stop();
}

test.each([
  ['', {}],
  [', and where reads wait for replicas', { replicaFallback: 'wait', replicaPoolSize: 1 }],
] as const)(
  'whatever happens to replicas: answers in order, each write once, no read goes back%s',
  async (_where, database) => {
    const anyActs = fc.array(fc.constantFrom(...ACTS), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyActs, { minLength: CLIENTS, maxLength: CLIENTS }),
        fc.array(anyHappening, { maxLength: 40 }),
        fc.boolean(),
        (acts, happenings, isExtended) => play(acts, happenings, isExtended, database),
      ),
      { numRuns: 60 },
    );
  },
  120_000,
);
