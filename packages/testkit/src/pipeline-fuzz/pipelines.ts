import type { Random } from '../random';
import { bind, close, describe, execute, parse, query, run, sync } from '../wire/frontend';

/** What a session sends in one write. */
export interface Pipeline {
  /** One word or two for each message, for people. */
  readonly text: string;
  readonly bytes: Buffer;
  /** How many ReadyForQuery answer it. */
  readonly groups: number;
}

interface Part {
  readonly text: string;
  readonly bytes: Buffer;
}

const NAMES = ['a', 'b', 'é'] as const;
/** Statements with a result, without one, that fail when they run, and that are none. */
const TEXTS = ['SELECT 1', 'SELECT 2', 'SELECT 1/0', 'SELEC', "SELECT 'three'::text"] as const;
/** Statements of SQL, by the extended protocol or as simple queries. */
const COMMANDS = [
  'BEGIN',
  'COMMIT',
  'ROLLBACK',
  'DEALLOCATE ALL',
  'DEALLOCATE a',
  'DEALLOCATE b',
  'DISCARD ALL',
  'DISCARD PLANS',
  "SET TimeZone = 'Asia/Tokyo'",
  'RESET TimeZone',
  'SHOW TimeZone',
  'SELECT 3',
] as const;
/** With these a session keeps its link, and what has happened to that: for one session only. */
const PINNING = [
  'CREATE TEMP TABLE keeps (n int)',
  'DROP TABLE keeps',
  'PREPARE a AS SELECT 5',
  'EXECUTE b',
] as const;
const PINNING_CHANCE = 0.2;

/** What an EXECUTE that is prepared itself returns depends on when it was parsed, which may be twice. */
const SIMPLE_COMMANDS = [...COMMANDS, 'EXECUTE a'] as const;

const GROUPS_MAX = 3;
const MESSAGES_MAX = 5;
const SIMPLE_CHANCE = 0.25;

/** Groups of messages about few names and few texts, so that they meet. */
export function randomPipeline(random: Random, { pins }: { readonly pins: boolean }): Pipeline {
  const parts: Part[] = [];
  const groups = random.between(1, GROUPS_MAX);
  for (let group = 0; group < groups; group++) {
    if (random.chance(SIMPLE_CHANCE)) {
      const keeps = pins && random.chance(PINNING_CHANCE);
      const sql = keeps ? random.pick(PINNING) : random.pick(SIMPLE_COMMANDS);
      parts.push({ text: `Query(${sql})`, bytes: query(sql) });
      continue;
    }
    for (let left = random.between(1, MESSAGES_MAX); left > 0; left--) parts.push(message(random));
    parts.push({ text: 'Sync', bytes: sync() });
  }
  return {
    text: parts.map(({ text }) => text).join(' '),
    bytes: Buffer.concat(parts.map(({ bytes }) => bytes)),
    groups,
  };
}

function message(random: Random): Part {
  const name = random.chance(0.5) ? '' : random.pick(NAMES);
  const sql = random.pick(TEXTS);
  const command = random.pick(COMMANDS);
  const kinds: readonly (readonly [weight: number, text: string, bytes: () => Buffer])[] = [
    [28, `Parse(${name}: ${sql})`, () => parse(sql, name)],
    [28, `Run(${name})`, () => Buffer.concat([bind({ statement: name }), execute()])],
    [8, `Describe(${name})`, () => describe('S', name)],
    [8, `Close(${name})`, () => close('S', name)],
    [3, 'Bind(nope)', () => bind({ statement: 'nope' })],
    [25, `run(${command})`, () => run(command)],
  ];
  let left = random.next() * kinds.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, text, bytes] of kinds) {
    left -= weight;
    if (left < 0) return { text, bytes: bytes() };
  }
  return { text: 'run(SELECT 4)', bytes: run('SELECT 4') };
}
