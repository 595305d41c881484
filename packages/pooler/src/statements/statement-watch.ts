import type { Admission } from '../frontend/admission';
import type { Session } from '../frontend/session';
import type { Clock } from '../ports/clock';
import type { Logger } from '../ports/logger';
import type { StatementView } from '../ports/statement-view';
import type { PoolerSettings } from '../settings/settings';
import type { SqlKnowledge } from '../sql/classify';
import { SlowStatements } from './slow-statements';
import { StatementMeter } from './statement-meter';
import type { StatementRun } from './statement-sums';
import { type StatementPlace, StatementTable } from './statement-table';
import { type StatementText, sentStatement } from './statement-text';
import { StatementTexts } from './statement-texts';

/** Databases and users together of which it is known who they are. */
const PLACES_MAX = 10_000;

interface Needs {
  readonly clock: Clock;
  /** The same time, which does not stand still while a chunk is looked at. */
  readonly stopwatch: Clock;
  readonly log: Logger;
  readonly sql: SqlKnowledge;
  readonly settings: PoolerSettings;
}

/** The statements of all sessions of a process: counts them, and logs slow ones. */
export class StatementWatch {
  readonly clock: Clock;
  /** Undefined: `statement_stats` is off. */
  #table: StatementTable | undefined;
  /** Undefined: `log_min_duration` is not set. */
  #slow: SlowStatements | undefined;
  /** Slow statements are logged as they were sent. */
  showsLiterals = false;
  readonly #places = new Map<string, StatementPlace>();
  readonly #texts: StatementTexts;
  readonly #log: Logger;

  constructor({ clock, log, settings, sql, stopwatch }: Needs) {
    this.clock = clock;
    this.#log = log;
    this.#texts = new StatementTexts(sql.grammar, stopwatch);
    this.configure(settings);
  }

  /** Today's settings. What has been counted stays, unless it is counted no more. */
  configure(settings: PoolerSettings): void {
    const { logMinDurationMs, statementStats, statementStatsMax } = settings;
    this.showsLiterals = settings.logMinDurationLiterals && logMinDurationMs !== undefined;
    if (!statementStats) {
      // Sessions keep their places, whose rows would be counted in although nobody has them.
      this.#table?.reset();
      this.#table = undefined;
    } else if (this.#table === undefined) this.#table = new StatementTable(statementStatsMax);
    else this.#table.max = statementStatsMax;
    if (!statementStats) this.#places.clear();
    if (logMinDurationMs === undefined) this.#slow = undefined;
    else this.#slow ??= new SlowStatements(this.#log, this.clock);
    if (this.#slow !== undefined) this.#slow.leastMs = logMinDurationMs ?? 0;
  }

  /** What measures a session by today's settings; undefined: nothing does. */
  meterOf(session: Session, { database, user }: Admission): StatementMeter | undefined {
    if (this.#table === undefined && this.#slow === undefined) return undefined;
    if (session.meter !== undefined) return session.meter;
    return new StatementMeter(session, this.#placeOf(database.name, user), this);
  }

  /** As `StatementTexts`, with as much of the text as may be logged. */
  textOf(buffer: Buffer, start: number, end: number, isCut: boolean): StatementText | undefined {
    const known = this.#texts.of(buffer, start, end, isCut);
    if (!this.showsLiterals || known === undefined) return known;
    return sentStatement(known, buffer.subarray(start, end), { isCut });
  }

  #placeOf(database: string, user: string): StatementPlace {
    const key = `${database}\0${user}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    // Those who have one keep it; whoever comes later has another one, and views add both up.
    if (this.#places.size >= PLACES_MAX) this.#places.clear();
    const place = { database, user, rows: new Map() };
    this.#places.set(key, place);
    return place;
  }

  /** A statement has run. `serverMs`: as in `StatementSums`. */
  count(session: Session, place: StatementPlace, run: StatementRun, serverMs: number): void {
    this.#table?.count(place, run, serverMs);
    this.#slow?.ended(session, run, serverMs);
  }

  /** Everything begins at nothing again. */
  reset(): void {
    this.#table?.reset();
  }

  views(): readonly StatementView[] {
    return this.#table?.views() ?? [];
  }
}
