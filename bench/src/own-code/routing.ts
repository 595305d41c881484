import {
  CatalogKnowledge,
  type Clock,
  loadGrammar,
  ReadJudge,
  type RouteContext,
  routeOf,
} from '@pgweir/pooler';
import { everythingReads } from './catalog-reply';

const TEXTS = 1000;
const ROUNDS = 300;

/** Texts that differ in their constants only. */
const SHAPES: Readonly<Record<string, (n: number) => string>> = {
  select: (n) => `SELECT abalance FROM pgbench_accounts WHERE aid = ${10_000 + n};`,
  update: (n) => `UPDATE pgbench_accounts SET abalance = abalance + ${n} WHERE aid = ${n};`,
  join: (n) =>
    `SELECT o.id, o."total" FROM orders o JOIN users u ON u.id = o.user_id WHERE u.name = 'user ${n}' LIMIT 10`,
};

const OUTSIDE: RouteContext = {
  isSerializable: false,
  setting: 'none',
};

const STILL: Clock = {
  nowMs: () => 1,
  wallMs: () => 1,
  every: () => () => undefined,
  after: () => () => undefined,
};

/** What it takes to find out where a statement goes, whose shape is known: a line for each shape. */
export async function routingLines(): Promise<readonly string[]> {
  const grammar = await loadGrammar();
  return Object.entries(SHAPES).map(([name, text]) => {
    const knowledge = new CatalogKnowledge({
      questions: { ask: (sql, answer) => answer([everythingReads(sql)]) },
      clock: STILL,
    });
    const judge = new ReadJudge({ grammar, knowledge, clock: STILL });
    const texts = Array.from({ length: TEXTS }, (_, n) => Buffer.from(text(n)));
    // The first text asks the catalog.
    count(judge, texts);
    const replicas = count(judge, texts);
    const ns = Array.from({ length: ROUNDS }, () => {
      const before = performance.now();
      count(judge, texts);
      return ((performance.now() - before) * 1e6) / TEXTS;
    });
    const share = `${replicas} of ${TEXTS} to a replica`;
    return `routing ${name.padEnd(7)} ${Math.min(...ns)
      .toFixed(0)
      .padStart(5)} ns   ${share}`;
  });
}

function count(judge: ReadJudge, texts: readonly Buffer[]): number {
  let replicas = 0;
  for (const text of texts) {
    if (routeOf(judge.verdictOn(text, 0, text.length), OUTSIDE) === 'replica') replicas++;
  }
  return replicas;
}
