import { Client } from 'pg';
import type { Major } from '../postgres/binaries';
import type { Server } from '../postgres/server';
import { Random } from '../random';
import type { Contender, Slot } from './contender';
import { type Interference, play, sessionsOf } from './player';
import { type LinkChanges, Rivals } from './rival-pool';
import { OWN_SCHEMA, type Scenario, type Way } from './scenario';
import { type Comparison, compare, type Transcript, textOf } from './transcript';

export type Outcome = Comparison | { readonly kind: 'broken'; readonly detail: string };

export interface Result {
  readonly scenario: string;
  readonly group: string;
  readonly contender: Contender['name'];
  readonly way: Way;
  readonly major: Major;
  readonly outcome: Outcome;
  readonly changes: LinkChanges;
  /** What PostgreSQL itself answered. */
  readonly direct: Transcript;
}

/** A scenario with the slots of its plays. */
export interface PlannedScenario {
  readonly scenario: Scenario;
  readonly database: string;
  readonly slots: readonly Slot[];
}

export interface RunOptions {
  readonly major: Major;
  readonly server: Server;
  readonly contenders: readonly Contender[];
  /** For each step that waits, ms. */
  readonly deadlineMs: number;
  readonly onResult?: (result: Result) => void;
}

const NO_CHANGES: LinkChanges = { chances: 0, changes: 0 };
/** What competitors prepare too: the names in a scenario's Parse messages. */
const PARSE = 0x50;

/** Plays scenarios of one database one after the other: each directly, then through all contenders. */
export async function runPlanned(
  planned: readonly PlannedScenario[],
  options: RunOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  const [first] = planned;
  if (first === undefined) return results;
  const aside = await options.server.connect({
    database: first.database,
    // Who leaks may leave locks in a scenario's way.
    statement_timeout: options.deadlineMs,
  });
  try {
    for (const each of planned)
      for (const result of await runScenario(each, aside, options)) {
        results.push(result);
        options.onResult?.(result);
      }
  } finally {
    await aside.end();
  }
  return results;
}

async function runScenario(
  { scenario, database, slots }: PlannedScenario,
  aside: Client,
  options: RunOptions,
): Promise<Result[]> {
  const { deadlineMs, server, contenders } = options;
  const target = { host: '127.0.0.1', port: server.port, user: 'app', database };
  const playDirectly = (): Promise<Transcript> =>
    inOwnSchema(scenario, aside, (realName) =>
      play(scenario, { target, realName, aside, deadlineMs }),
    );
  const direct = await playDirectly();
  const results: Result[] = [];
  for (const contender of contenders)
    for (const slot of slots) {
      if (contender.name === 'direct' && slot.way === 'compete') continue;
      const found =
        direct.end.kind === 'stuck'
          ? { outcome: broken(direct), changes: NO_CHANGES }
          : await playThrough({ scenario, slot, contender, direct, aside }, options);
      results.push({
        scenario: scenario.name,
        group: scenario.group,
        contender: contender.name,
        way: slot.way,
        major: options.major,
        direct,
        ...found,
      });
    }
  return results;
}

function broken({ steps, end }: Transcript): Outcome {
  const why = end.kind === 'stuck' ? end.why : '';
  return { kind: 'broken', detail: `    ${[why, ...textOf(steps)].join('\n    ')}` };
}

interface Play {
  readonly scenario: Scenario;
  readonly slot: Slot;
  readonly contender: Contender;
  readonly direct: Transcript;
  readonly aside: Client;
}

async function playThrough(
  { scenario, slot, contender, direct, aside }: Play,
  { deadlineMs, major }: RunOptions,
): Promise<{ outcome: Outcome; changes: LinkChanges }> {
  const target = contender.targetOf(slot);
  const known = (scenario.differences ?? []).filter(
    ({ ways, majors }) =>
      contender.name === 'track' &&
      (ways?.includes(slot.way) ?? true) &&
      (majors?.includes(major) ?? true),
  );
  const playWith = (interference?: Interference): Promise<Transcript> =>
    inOwnSchema(scenario, aside, (realName) =>
      play(scenario, {
        target,
        realName,
        aside,
        deadlineMs,
        ...(interference === undefined ? {} : { interference }),
      }),
    );
  if (slot.way === 'alone')
    return { outcome: compare(direct, await playWith(), known), changes: NO_CHANGES };
  const console = new Client({ ...target, user: 'chief', database: 'pgbouncer' });
  await console.connect();
  let rivals: Rivals | undefined;
  try {
    const users = [
      ...new Set(Object.values(sessionsOf(scenario)).map((each) => each.user ?? 'app')),
    ];
    const statements = statementNames(scenario);
    const { links } = slot;
    rivals = await Rivals.start({ target, users, links, statements, console, aside, deadlineMs });
    const through = await playWith(rivals);
    const violations = await rivals.stop();
    const { changes } = rivals;
    const outcome = compare(direct, through, known);
    if (contender.name !== 'track' || violations.length === 0) return { outcome, changes };
    const before = outcome.kind === 'different' ? `${outcome.detail}\n` : '';
    const detail = `${before}    ${violations.slice(0, 5).join('\n    ')}`;
    return { outcome: { kind: 'different', detail }, changes };
  } catch (error) {
    await rivals?.stop();
    const why = error instanceof Error ? error.message : String(error);
    return {
      outcome: { kind: 'different', detail: `    competitors: ${why}` },
      changes: NO_CHANGES,
    };
  } finally {
    await console.end();
  }
}

const random = new Random(Date.now());

async function inOwnSchema(
  { setup = '', cleanup = '' }: Scenario,
  aside: Client,
  body: (realName: string) => Promise<Transcript>,
): Promise<Transcript> {
  const realName = `c${random.hex()}x`;
  const real = (sql: string): string => sql.replaceAll(OWN_SCHEMA, realName);
  await aside.query(
    `CREATE SCHEMA ${realName} AUTHORIZATION app; SET ROLE app; SET search_path = ${realName}, public`,
  );
  try {
    await aside.query(real(setup));
    await aside.query('RESET ALL; RESET ROLE');
    return await body(realName);
  } finally {
    // Links may hold locks for a moment after their clients have gone.
    await aside.query(`RESET ALL; RESET ROLE; SET client_min_messages = warning;
      SET lock_timeout = '5s'; DROP SCHEMA ${realName} CASCADE`);
    await aside.query(`${real(cleanup)}; RESET ALL`);
  }
}

/** One of each that PostgreSQL takes for the same name. */
function statementNames({ steps }: Scenario): readonly string[] {
  const names = new Set<string>();
  for (const step of steps.flat()) {
    if (step.kind !== 'send') continue;
    for (let at = 0; at + 5 <= step.bytes.length; at += 1 + step.bytes.readInt32BE(at + 1)) {
      if (step.bytes[at] !== PARSE) continue;
      const end = step.bytes.indexOf(0, at + 5);
      names.add(step.bytes.toString('utf8', at + 5, Math.min(end, at + 5 + NAME_BYTES_MAX)));
    }
  }
  names.delete('');
  return [...names].slice(0, COMPETING_STATEMENTS_MAX);
}

/** PostgreSQL cuts names here. */
const NAME_BYTES_MAX = 63;
/** Enough to meet the scenario's; more only takes time. */
const COMPETING_STATEMENTS_MAX = 8;
