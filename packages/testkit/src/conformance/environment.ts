import { type Cluster, startCluster } from '../cluster';
import type { PlayTarget } from '../differential/player';
import type { Major } from '../postgres/binaries';
import { query } from '../wire/frontend';
import { RawClient } from '../wire/raw-client';
import { type Contender, type ContenderName, type Slot, startContender } from './contender';
import { sessionsOf } from './player';
import { type PlannedScenario, type Result, type RunOptions, runPlanned } from './runner';
import { type Scenario, WAYS, type Way } from './scenario';

export interface ConformanceOptions {
  readonly major: Major;
  readonly scenarios: readonly Scenario[];
  readonly contenders: readonly ContenderName[];
  /** Default: both. */
  readonly ways?: readonly Way[];
  /** For each step that waits, ms. Default 10,000. */
  readonly deadlineMs?: number;
  /** How many scenarios are played at a time. Default 2. */
  readonly parallel?: number;
  readonly onResult?: RunOptions['onResult'];
}

const DEADLINE_MS = 10_000;
const PARALLEL = 2;
/** Of the pool in which a scenario is alone: never the limit. */
const ALONE_LINKS = 10;
const CONNECTIONS_MAX = 400;

/** Who there is besides `app` and `chief`: see `ScenarioUser`. */
const ROLES = `
CREATE ROLE reader; CREATE ROLE writer; CREATE ROLE stranger; CREATE ROLE rival;
CREATE ROLE tuned LOGIN;
ALTER ROLE tuned SET work_mem = '7MB';
ALTER ROLE tuned SET TimeZone = 'Asia/Tokyo';
ALTER ROLE tuned SET search_path = tuned, public;
GRANT reader, writer, rival TO app, tuned;
`;

/**
 * Starts PostgreSQL and all contenders, plays the scenarios, and stops everything.
 *
 * Each of the parallel lines has a database of its own, so that channels and locks do not meet.
 */
export async function runConformance(options: ConformanceOptions): Promise<Result[]> {
  const { major, parallel = PARALLEL, deadlineMs = DEADLINE_MS } = options;
  const planned = plan(options);
  const databases = Array.from({ length: parallel }, (_, i) => databaseName(i));
  const cluster = await startCluster({
    major,
    settings: { max_connections: String(CONNECTIONS_MAX), max_prepared_transactions: '10' },
    users: [{ name: 'app' }, { name: 'chief', superuser: true }],
    databases: databases.map((name) => ({ name, owner: 'app' })),
  });
  const contenders: Contender[] = [];
  try {
    await cluster.primary.query(ROLES);
    for (const name of options.contenders)
      contenders.push(
        await startContender({
          name,
          serverPort: cluster.primary.port,
          slots: planned.flatMap(({ slots }) => slots),
        }),
      );
    for (const each of contenders) if (each.name === 'track') await warmUp(each, planned);
    const { onResult } = options;
    const run: RunOptions = {
      major,
      server: cluster.primary,
      contenders,
      deadlineMs,
      ...(onResult === undefined ? {} : { onResult }),
    };
    const lines = databases.map((name) =>
      runPlanned(
        planned.filter(({ database }) => database === name),
        run,
      ),
    );
    return inOrder(await settled(lines), options.scenarios);
  } finally {
    await stopAll(contenders, cluster);
  }
}

/**
 * Reads `lastval` once in each pool. From then on pgweir takes from a link what other sessions have
 * drawn from sequences before a session gets it. Who is the first to do so in the middle of a
 * transaction, behind numbers that pgweir did not see drawn, gets an error that nobody else gets (a
 * known difference, see docs/session-state.md): which play that is must not be a matter of order.
 */
async function warmUp(contender: Contender, planned: readonly PlannedScenario[]): Promise<void> {
  const pools = new Map<string, { readonly target: PlayTarget; readonly user: string }>();
  for (const { scenario, slots } of planned)
    for (const slot of slots)
      for (const { user = 'app' } of Object.values(sessionsOf(scenario))) {
        const target = contender.targetOf(slot);
        pools.set(`${target.database} ${user}`, { target, user });
      }
  for (const { target, user } of pools.values()) {
    const client = await RawClient.connect(target);
    try {
      await client.login({ user, database: target.database, deadlineMs: DEADLINE_MS });
      client.send(query('SELECT lastval()'));
      await client.until(({ tag }) => tag === 'Z', { deadlineMs: DEADLINE_MS });
      await client.end();
    } finally {
      client.destroy();
    }
  }
}

/** All lines end before anything is stopped, also when one of them fails. */
async function settled<T>(lines: readonly Promise<T[]>[]): Promise<T[]> {
  const all = await Promise.allSettled(lines);
  return all.flatMap((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
}

async function stopAll(contenders: readonly Contender[], cluster: Cluster): Promise<void> {
  for (const each of contenders) await each.stop();
  await cluster.stop();
}

function plan(options: ConformanceOptions): PlannedScenario[] {
  const { major, scenarios, ways = WAYS, parallel = PARALLEL } = options;
  let play = 0;
  return scenarios
    .filter(({ majors }) => majors?.includes(major) ?? true)
    .map((scenario, i) => {
      const database = databaseName(i % parallel);
      const least = Object.keys(sessionsOf(scenario)).length + 1;
      // One more: pgweir keeps one that listens for all.
      const links = Math.max(scenario.links ?? 0, least) + 1;
      const slots = ways.map((way): Slot => {
        play += 1;
        return { play, database, way, links: way === 'alone' ? ALONE_LINKS : links };
      });
      return { scenario, database, slots };
    });
}

function databaseName(i: number): string {
  return `conformance_${i}`;
}

function inOrder(results: readonly Result[], scenarios: readonly Scenario[]): Result[] {
  const place = new Map(scenarios.map(({ name }, i) => [name, i]));
  const at = ({ scenario }: Result): number => place.get(scenario) ?? 0;
  return [...results].sort((one, other) => at(one) - at(other));
}
