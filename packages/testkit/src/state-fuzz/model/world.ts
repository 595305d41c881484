import { LockTable } from './locks';
import { NotificationBook } from './notifications';

export interface Counts {
  statements: number;
  groups: number;
  sessions: number;
  vanished: number;
  cancels: number;
  errors: number;
  notifications: number;
  /** Replies by ParameterStatus. */
  parameters: number;
  /** How often a statement of this name was judged. */
  readonly byName: Map<string, number>;
}

export interface WorldOptions {
  /** PostgreSQL itself answers, without pgweir. */
  readonly isDirect: boolean;
  readonly major: number;
  /** How many sessions may keep a link for what cannot be moved. */
  readonly permits: number;
  /** Names of statements that are not to be used. */
  readonly without: ReadonlySet<string>;
  /** Settings of a new connection that asks for none. */
  readonly defaults: ReadonlyMap<string, string>;
}

/** What all sessions share. */
export class World {
  readonly locks = new LockTable();
  readonly notifications = new NotificationBook();
  readonly options: WorldOptions;
  readonly counts: Counts = {
    statements: 0,
    groups: 0,
    sessions: 0,
    vanished: 0,
    cancels: 0,
    errors: 0,
    notifications: 0,
    parameters: 0,
    byName: new Map(),
  };
  /** What `random()` gives after `setseed`, as first seen: "seed/n" to the value. */
  readonly randoms = new Map<string, string>();
  #permitsLeft: number;

  constructor(options: WorldOptions) {
    this.options = options;
    this.#permitsLeft = options.permits;
  }

  /** Sessions that hold links must be fewer than links, or the others starve. */
  takePermit(): boolean {
    if (this.#permitsLeft === 0) return false;
    this.#permitsLeft -= 1;
    return true;
  }

  givePermit(): void {
    this.#permitsLeft += 1;
  }
}
