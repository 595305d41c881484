import { Mark } from '../sql/marks';
import { Pin } from './pins';
import { quoteText, readValue, valueSql } from './sql-text';

/** What is asked of PostgreSQL after a transaction: bits of `Mark`, and settings by name. */
export interface InspectionWant {
  readonly marks: number;
  readonly settings: readonly string[];
  /** Those of the settings of which it is not known what they are in a fresh session. */
  readonly withSource: readonly string[];
  /** Also the names of the statements that were prepared by the protocol. */
  readonly withNames: boolean;
}

/** What PostgreSQL said. */
export interface Inspection {
  /** null: there is no such setting (any more). */
  readonly settings: ReadonlyMap<string, string | null>;
  /** Those of `withSource` that the session has not set. */
  readonly untouched: ReadonlySet<string>;
  /** In UTF-8. */
  readonly names: ReadonlySet<string> | undefined;
  /** Bits of `Pin`, of those that were asked about. */
  readonly pins: number;
  /** What the link listens to, if that was asked. */
  readonly channels: readonly string[];
}

interface Question {
  readonly mark: number;
  readonly pin: number;
  readonly sql: string;
}

const EQUAL = 'OPERATOR(pg_catalog.=)';

/**
 * All objects of a schema depend on it, which the index on pg_depend finds at once, however many
 * objects the database has.
 */
const TEMPORARY = `EXISTS(SELECT FROM pg_catalog.pg_depend WHERE refclassid ${EQUAL} 2615 AND refobjid ${EQUAL} pg_catalog.pg_my_temp_schema())`;
const LOCKS = `EXISTS(SELECT FROM pg_catalog.pg_locks WHERE locktype ${EQUAL} 'advisory' AND pid ${EQUAL} pg_catalog.pg_backend_pid())`;

const QUESTIONS: readonly Question[] = [
  { mark: Mark.TempObjects, pin: Pin.TemporaryObject, sql: TEMPORARY },
  { mark: Mark.AdvisoryLocks, pin: Pin.AdvisoryLock, sql: LOCKS },
  {
    mark: Mark.HeldCursors,
    pin: Pin.Cursor,
    sql: 'EXISTS(SELECT FROM pg_catalog.pg_cursors WHERE is_holdable)',
  },
  {
    mark: Mark.SqlPrepared,
    pin: Pin.Prepare,
    sql: 'EXISTS(SELECT FROM pg_catalog.pg_prepared_statements WHERE from_sql)',
  },
  {
    mark: Mark.Listen,
    pin: Pin.Listen,
    sql: '(SELECT pg_catalog.json_agg(c) FROM pg_catalog.pg_listening_channels() c)',
  },
];

const NAME = "pg_catalog.encode(pg_catalog.convert_to(name,'UTF8'),'hex')";
/** The names of the statements that were prepared by the protocol. */
export const NAMES = `(SELECT pg_catalog.string_agg(${NAME},',') FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql)`;

/** Marks about which PostgreSQL can be asked. */
export const ANSWERABLE = QUESTIONS.reduce((marks, { mark }) => marks | mark, Mark.Settings);

/** Marks of the reasons for which a session is pinned now. */
export function marksOfPins(pins: number): number {
  let marks = 0;
  for (const { mark, pin } of QUESTIONS) if ((pins & pin) !== 0) marks |= mark;
  return marks;
}

/** Pins that the answer decides. */
export function decidedPins(marks: number): number {
  let pins = 0;
  for (const { mark, pin } of QUESTIONS) if ((marks & mark) !== 0) pins |= pin;
  return pins;
}

/** One row: the answers first, then a value for each setting. */
export function inspectionSql(want: InspectionWant): string {
  const columns = QUESTIONS.filter(({ mark }) => (want.marks & mark) !== 0).map(({ sql }) => sql);
  for (const name of want.settings) columns.push(valueSql(name));
  for (const name of want.withSource) columns.push(sourceSql(name));
  if (want.withNames) columns.push(NAMES);
  return `SELECT ${columns.join(',')}`;
}

/** `row`: the columns of the answer. */
export function readInspection(want: InspectionWant, row: readonly (string | null)[]): Inspection {
  let at = 0;
  let pins = 0;
  let channels: readonly string[] = [];
  for (const { mark, pin } of QUESTIONS) {
    if ((want.marks & mark) === 0) continue;
    const answer = row[at++] ?? 'f';
    if (answer !== 'f') pins |= pin;
    if (mark === Mark.Listen && answer !== 'f') channels = JSON.parse(answer);
  }
  const settings = new Map<string, string | null>();
  for (const name of want.settings) settings.set(name, readValue(row[at++]));
  const untouched = new Set<string>();
  for (const name of want.withSource) if (row[at++] !== 'session') untouched.add(name);
  const names = want.withNames ? namesOf(row[at]) : undefined;
  return { settings, pins, untouched, names, channels };
}

/** What a column of `NAMES` says. */
export function namesOf(column: string | null | undefined): ReadonlySet<string> {
  if (column === null || column === undefined) return new Set();
  return new Set(column.split(',').map((name) => Buffer.from(name, 'hex').toString()));
}

function sourceSql(name: string): string {
  const found = `pg_catalog.lower(name) ${EQUAL} ${quoteText(name)}`;
  return `(SELECT source FROM pg_catalog.pg_settings WHERE ${found})`;
}
