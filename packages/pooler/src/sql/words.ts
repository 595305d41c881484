import { hashOf } from './bytes';
import { LengthsByEnds } from './lengths-by-ends';
import { LOOK_CLOSER, LOOK_CODE, LOOK_EXITS, Mark } from './marks';

/** What stands before a word, as bits, as far as it changes what the word means. */
export const Before = {
  /** Nothing: a statement begins. */
  Start: 1 << 0,
  /** CREATE, INTO or another word that TEMP can follow. */
  MakesTemp: 1 << 1,
  With: 1 << 2,
  Text: 1 << 3,
  /** An escape string: a literal that continues it is one too. */
  EscapeText: 1 << 4,
  U: 1 << 5,
  /** U&, and perhaps the quote of a literal or identifier with Unicode escapes. */
  UAmpersand: 1 << 6,
} as const;

export interface Word {
  /** What the word says about its statement: marks and LOOK bits. */
  readonly bits: number;
  /** Bits of Before, of which one must hold; 0: the word counts everywhere. */
  readonly after: number;
  /** What the word is for the next one. */
  readonly before: number;
}

const DISCARDED = Mark.Discard | Mark.Settings | Mark.Unlisten | Mark.SqlPrepared;

/** Words that count only where a statement begins. */
const COMMANDS: Readonly<Record<string, number>> = {
  set: Mark.Settings | LOOK_CLOSER,
  reset: Mark.Settings | LOOK_CLOSER,
  discard: DISCARDED | LOOK_CLOSER,
  prepare: Mark.SqlPrepared | LOOK_CLOSER,
  deallocate: Mark.SqlPrepared | LOOK_CLOSER,
  load: Mark.Load | LOOK_CLOSER,
  listen: Mark.Listen | LOOK_CLOSER,
  unlisten: Mark.Unlisten | LOOK_CLOSER,
  notify: Mark.Notify | LOOK_CLOSER,
  do: LOOK_CODE | LOOK_CLOSER,
  drop: Mark.Releases,
  close: Mark.Releases,
  commit: LOOK_EXITS,
  end: LOOK_EXITS,
  rollback: LOOK_EXITS,
  abort: LOOK_EXITS,
};

/** Functions by their marks. */
export const FUNCTION_MARKS: ReadonlyMap<string, number> = new Map([
  ['set_config', Mark.Settings],
  ['nextval', Mark.SequenceSet],
  ['setval', Mark.SequenceSet],
  ['currval', Mark.SequenceRead],
  ['lastval', Mark.SequenceRead],
  ['setseed', Mark.Seed],
  ['pg_notify', Mark.Notify],
  // What it tells is what the session may UNLISTEN.
  ['pg_listening_channels', Mark.Unlisten],
  ['pg_prepared_statement', Mark.SqlPrepared],
  ...[
    'pg_advisory_lock',
    'pg_advisory_lock_shared',
    'pg_try_advisory_lock',
    'pg_try_advisory_lock_shared',
    'pg_advisory_unlock',
    'pg_advisory_unlock_shared',
    'pg_advisory_unlock_all',
  ].map((name) => [name, Mark.AdvisoryLocks] as const),
  // Connections, slots and modes that belong to the server process.
  ...[
    'dblink_connect',
    'dblink_connect_u',
    'pg_backup_start',
    'pg_start_backup',
    'pg_create_physical_replication_slot',
    'pg_create_logical_replication_slot',
    'pg_copy_physical_replication_slot',
    'pg_copy_logical_replication_slot',
    'pg_replication_origin_session_setup',
  ].map((name) => [name, Mark.Load] as const),
]);

/** Functions that run the SQL in their arguments. */
export const CODE_FUNCTIONS: ReadonlySet<string> = new Set([
  'query_to_xml',
  'query_to_xmlschema',
  'query_to_xml_and_xmlschema',
  'ts_stat',
  'ts_rewrite',
]);

/** Relations by their marks. */
export const RELATION_MARKS: ReadonlyMap<string, number> = new Map([
  ['pg_prepared_statements', Mark.SqlPrepared],
]);

/** The schema of a session's temporary objects: its alias, or its own name. */
export function isTempSchema(name: string): boolean {
  return /^pg_temp(_\d+)?$/.test(name);
}

/** Literals that mean the time at which a statement is parsed. */
export const TIME_WORDS: readonly string[] = ['now', 'today', 'tomorrow', 'yesterday'];

const TEMP_SCHEMA_DIGITS_MAX = 6;

function* allWords(): Generator<readonly [string, Word]> {
  for (const [name, bits] of Object.entries(COMMANDS)) {
    yield [name, { bits, after: Before.Start, before: 0 }];
  }
  for (const [name, marks] of [...FUNCTION_MARKS, ...RELATION_MARKS]) {
    yield [name, { bits: marks | LOOK_CLOSER, after: 0, before: 0 }];
  }
  for (const name of CODE_FUNCTIONS) {
    yield [name, { bits: LOOK_CODE | LOOK_CLOSER, after: 0, before: 0 }];
  }
  // As in UPDATE pg_settings, which sets one.
  yield ['pg_settings', { bits: Mark.Settings | LOOK_CLOSER, after: 0, before: 0 }];
  // As in SET seed, which is all that a text too long for the grammar tells.
  yield ['seed', { bits: Mark.Seed | LOOK_CLOSER, after: 0, before: 0 }];
  yield ['execute', { bits: Mark.SqlPrepared | LOOK_CLOSER, after: 0, before: 0 }];
  for (let digits = 0; digits <= TEMP_SCHEMA_DIGITS_MAX; digits++) {
    const name = digits === 0 ? 'pg_temp' : `pg_temp_${'0'.repeat(digits)}`;
    yield [name, { bits: Mark.TempObjects | LOOK_CLOSER, after: 0, before: 0 }];
  }
  for (const name of ['temp', 'temporary']) {
    const bits = Mark.TempObjects | LOOK_CLOSER;
    yield [name, { bits, after: Before.MakesTemp, before: 0 }];
  }
  yield ['hold', { bits: Mark.HeldCursors | LOOK_CLOSER, after: Before.With, before: 0 }];
  for (const name of ['create', 'replace', 'local', 'global', 'into']) {
    yield [name, { bits: 0, after: 0, before: Before.MakesTemp }];
  }
  yield ['with', { bits: 0, after: 0, before: Before.With }];
  yield ['u', { bits: 0, after: 0, before: Before.U }];
  // With a quote behind it: an escape string.
  yield ['e', { bits: 0, after: 0, before: 0 }];
}

const SLOTS = 1024;

/** Open addressing: the hash of a word at `hash & (SLOTS - 1)` or after it; 0 where there is none. */
const HASHES = new Int32Array(SLOTS);
const WORDS: (Word | undefined)[] = new Array(SLOTS).fill(undefined);

/** Tells quickly of most words that they are none of these. */
export const WORD_LENGTHS = new LengthsByEnds([...allWords()].map(([name]) => name));

for (const [name, word] of allWords()) {
  const hash = hashOf(name);
  let slot = hash & (SLOTS - 1);
  while (HASHES[slot] !== 0) slot = (slot + 1) & (SLOTS - 1);
  HASHES[slot] = hash;
  WORDS[slot] = word;
}

/** The word with this hash. Another word with the same hash is taken for it, which does no harm. */
export function wordOf(hash: number): Word | undefined {
  let slot = hash & (SLOTS - 1);
  for (;;) {
    const found = HASHES[slot];
    if (found === 0) return undefined;
    if (found === hash) return WORDS[slot];
    slot = (slot + 1) & (SLOTS - 1);
  }
}
