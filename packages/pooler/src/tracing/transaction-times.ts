/** Who has a transaction at the moment. */
type Holder = 'pooler' | 'server' | 'client';

/** Where the time of a transaction goes, milliseconds of the clock; one after the other. */
export class TransactionTimes {
  startMs = 0;
  waitMs = 0;
  serverMs = 0;
  clientMs = 0;
  /** 0: never. */
  leasedMs = 0;
  lostMs = 0;
  lostLinks = 0;
  #holder: Holder = 'pooler';
  #sinceMs = 0;

  /** Another transaction begins. */
  begin(nowMs: number, holder: Holder): void {
    this.startMs = nowMs;
    this.waitMs = 0;
    this.serverMs = 0;
    this.clientMs = 0;
    this.leasedMs = 0;
    this.lostMs = 0;
    this.lostLinks = 0;
    this.#holder = holder;
    this.#sinceMs = nowMs;
  }

  get isWithClient(): boolean {
    return this.#holder === 'client';
  }

  /** It passes to another hand, or stays in the same one. */
  pass(holder: Holder, nowMs: number): void {
    const spentMs = Math.max(0, nowMs - this.#sinceMs);
    if (this.#holder === 'pooler') this.waitMs += spentMs;
    else if (this.#holder === 'server') this.serverMs += spentMs;
    else this.clientMs += spentMs;
    this.#holder = holder;
    this.#sinceMs = nowMs;
  }

  linkLost(nowMs: number): void {
    this.pass('pooler', nowMs);
    this.lostMs = nowMs;
    this.lostLinks++;
  }
}
