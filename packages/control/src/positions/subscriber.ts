import type { DatabaseName, PositionReport } from '@pgweir/pooler';

/** Numbers what is asked and what is wanted, in one order. */
export class Sequence {
  #last = 0;

  next(): number {
    return ++this.#last;
  }
}

interface Tick {
  readonly tick: number;
  /** Of the moment in which its beginning was heard of. */
  readonly at: number;
}

/** One who is told how far the servers of an entry are. */
export class Subscriber {
  readonly database: DatabaseName;
  readonly tell: (report: PositionReport) => void;
  mindsOthers = false;
  /** Something was told of which more is to come: not all replicas have what the primary had. */
  isOpen = false;
  told: PositionReport | undefined;
  /** He has seen that somebody commits without waiting for the flush. */
  commitsUnflushed = false;
  #before: Tick;
  #last: Tick;
  #othersBegun = 0;
  #othersAt = 0;

  constructor(of: {
    readonly database: DatabaseName;
    readonly tell: (report: PositionReport) => void;
    /** When it has come. */
    readonly at: number;
  }) {
    this.database = of.database;
    this.tell = of.tell;
    this.#before = { tick: 0, at: 0 };
    this.#last = { tick: 1, at: of.at };
  }

  /** Tick `tick` has begun. */
  begin(tick: number, at: number): void {
    if (tick <= this.#last.tick) return;
    this.#before = this.#last;
    this.#last = { tick, at };
    this.isOpen = true;
  }

  /** Somebody else has answers that no sample covers. */
  othersBegin(at: number): void {
    this.#othersBegun++;
    this.#othersAt = at;
    this.isOpen = true;
  }

  /** Only what is asked for after this moment has what it wants. */
  get wantedAt(): number {
    // Nothing was wanted by coming.
    const tickAt = this.#last.tick > 1 ? this.#last.at : 0;
    return this.mindsOthers ? Math.max(tickAt, this.#othersAt) : tickAt;
  }

  /** The last tick that had begun, as was heard, when something was asked for. 0: none, or nobody knows */
  tickAt(askedAt: number): number {
    if (askedAt > this.#last.at) return this.#last.tick;
    return askedAt > this.#before.at ? this.#before.tick : 0;
  }

  others(sampledAt: number): Pick<PositionReport, 'othersBegun' | 'othersCovered'> {
    if (!this.mindsOthers) return { othersBegun: 0, othersCovered: 0 };
    const begun = this.#othersBegun;
    return { othersBegun: begun, othersCovered: sampledAt > this.#othersAt ? begun : begun - 1 };
  }
}
