import type { Clock, GiveUp } from '@pgweir/pooler';

/** Whoever waits for a reading does not wait longer. */
const PATIENCE_MS = 5_000;

/** How far apart readings are that somebody waits for. */
export interface Gaps {
  /** After one that has found something new, or after a long time without any. */
  readonly leastMs: number;
  /** It doubles up to that as long as nothing new is found. Below `PATIENCE_MS`. */
  readonly mostMs: number;
}

/** After that long without any the gap is the least again. */
const QUIET_MS = 60_000;

interface Wanted {
  thorough: boolean;
  readonly waiters: Set<() => void>;
}

interface RenewalsNeeds {
  readonly clock: Clock;
  readonly gaps: Gaps;
  /** @returns whether something new was found; never rejects */
  readonly read: (how: { readonly thorough: boolean }) => Promise<boolean>;
}

/**
 * Reads a secret at once when somebody has reason to think that it has changed: one reading at a time for
 * all who ask, begun after they have asked, and never so often that a stranger with wrong passwords could
 * make a load of it.
 */
export class Renewals {
  readonly #needs: RenewalsNeeds;
  #wanted: Wanted | undefined;
  #isReading = false;
  #isDue = false;
  #cancelTimer: () => void = () => undefined;
  #gapMs: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(needs: RenewalsNeeds) {
    this.#needs = needs;
    this.#gapMs = needs.gaps.leastMs;
  }

  /**
   * Calls `done` once, never within this call, when a reading that began afterwards has ended, or when
   * that takes too long. `thorough`: versions of all stages.
   */
  renew(how: { readonly thorough: boolean }, done: () => void): GiveUp {
    const { clock } = this.#needs;
    this.#wanted ??= { thorough: false, waiters: new Set() };
    const { waiters } = this.#wanted;
    if (how.thorough) this.#wanted.thorough = true;
    const leave = (): void => {
      cancel();
      waiters.delete(end);
    };
    const end = (): void => {
      leave();
      done();
    };
    const cancel = clock.after(PATIENCE_MS, end);
    waiters.add(end);
    this.#schedule();
    return leave;
  }

  close(): void {
    this.#cancelTimer();
    for (const end of [...(this.#wanted?.waiters ?? [])]) end();
    this.#wanted = undefined;
  }

  #schedule(): void {
    if (this.#wanted === undefined || this.#isReading || this.#isDue) return;
    const { clock, gaps } = this.#needs;
    const nowMs = clock.nowMs();
    if (nowMs - this.#lastMs > QUIET_MS) this.#gapMs = gaps.leastMs;
    this.#isDue = true;
    this.#cancelTimer = clock.after(Math.max(0, this.#lastMs + this.#gapMs - nowMs), () => {
      this.#isDue = false;
      void this.#read();
    });
  }

  async #read(): Promise<void> {
    const { clock, gaps, read } = this.#needs;
    const wanted = this.#wanted;
    if (wanted === undefined) return;
    this.#wanted = undefined;
    this.#isReading = true;
    this.#lastMs = clock.nowMs();
    const isNew = await read(wanted);
    this.#isReading = false;
    this.#gapMs = isNew ? gaps.leastMs : Math.min(this.#gapMs * 2, gaps.mostMs);
    for (const end of [...wanted.waiters]) end();
    this.#schedule();
  }
}
