import type { History, Now, SessionState } from '../api';
import {
  askHistory,
  askNow,
  askSession,
  askSparks,
  type PoolName,
  RequestFailed,
} from './requests';
import { extended, extendedSparks, type SparkBook } from './samples';

const EVERY_MS = 2_000;
/** Nobody looks: the page is in the background. */
const HIDDEN_EVERY_MS = 20_000;

/** What a view wants to have kept up to date. */
export interface Wants {
  readonly parts: readonly ('waiters' | 'pins' | 'statements')[];
  readonly sparks: boolean;
  readonly pool: PoolName | undefined;
}

/** Everything that the page knows. */
export interface Known {
  readonly session: SessionState | undefined;
  readonly now: Now | undefined;
  readonly all: History | undefined;
  readonly pool: History | undefined;
  readonly sparks: SparkBook | undefined;
  /** Since when the last question has failed, and why; what is shown is as old. */
  readonly failure: { readonly sinceMs: number; readonly text: string } | undefined;
  /** The daemon answers nothing before somebody has signed in. */
  readonly isLocked: boolean;
}

const NOTHING: Known = {
  session: undefined,
  now: undefined,
  all: undefined,
  pool: undefined,
  sparks: undefined,
  failure: undefined,
  isLocked: false,
};

/** Asks the daemon again and again, and says when there is something new. */
export class Feed {
  known: Known = NOTHING;
  #wants: Wants = { parts: [], sparks: false, pool: undefined };
  readonly #changed: (known: Known) => void;
  #timer: number | undefined;
  /** Counts rounds: of one that was overtaken nothing is taken. */
  #round = 0;

  constructor(changed: (known: Known) => void) {
    this.#changed = changed;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.refresh();
    });
  }

  want(wants: Wants): void {
    const isOtherPool = !isSame(wants.pool, this.#wants.pool);
    this.#wants = wants;
    if (isOtherPool) this.#set({ pool: undefined });
    this.refresh();
  }

  signedIn(session: SessionState): void {
    this.#set({ session, isLocked: false });
    this.refresh();
  }

  /** At once, whatever is under way. */
  refresh(): void {
    window.clearTimeout(this.#timer);
    void this.#ask(++this.#round);
  }

  async #ask(round: number): Promise<void> {
    const news = await this.#news().catch((error: unknown) => this.#failed(error));
    if (round !== this.#round) return;
    this.#set(news);
    const everyMs = document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
    this.#timer = window.setTimeout(() => this.refresh(), everyMs);
  }

  async #news(): Promise<Partial<Known>> {
    const { all, pool, sparks } = this.known;
    const { parts, pool: name, sparks: wantsSparks } = this.#wants;
    const session = await askSession();
    if (session.isPrivate && session.orders === 'locked') {
      return { session, isLocked: true, failure: undefined };
    }
    const [now, ofAll, ofPool, ofSparks] = await Promise.all([
      askNow(parts),
      askHistory(all?.last ?? 0, undefined),
      name === undefined ? undefined : askHistory(pool?.last ?? 0, name),
      wantsSparks ? askSparks(sparks?.last ?? 0) : undefined,
    ]);
    return {
      ...{ session, now, failure: undefined, isLocked: false },
      all: await this.#whole(all, ofAll, undefined),
      pool: ofPool && (await this.#whole(pool, ofPool, name)),
      sparks: ofSparks === undefined ? sparks : await this.#wholeSparks(sparks, ofSparks),
    };
  }

  /** Numbers of a daemon that was started again begin anew: then all of it is asked for. */
  async #whole(
    known: History | undefined,
    news: History,
    pool: PoolName | undefined,
  ): Promise<History> {
    const isAnew = known !== undefined && known.epoch !== news.epoch;
    return extended(known, isAnew ? await askHistory(0, pool) : news);
  }

  async #wholeSparks(
    known: SparkBook | undefined,
    news: Awaited<ReturnType<typeof askSparks>>,
  ): Promise<SparkBook> {
    const isAnew = known !== undefined && known.epoch !== news.epoch;
    return extendedSparks(known, isAnew ? await askSparks(0) : news);
  }

  #failed(error: unknown): Partial<Known> {
    if (error instanceof RequestFailed && error.status === 401) {
      return { isLocked: true, failure: undefined };
    }
    const text = error instanceof Error ? error.message : String(error);
    return { failure: { sinceMs: this.known.failure?.sinceMs ?? Date.now(), text } };
  }

  #set(news: Partial<Known>): void {
    this.known = { ...this.known, ...news };
    this.#changed(this.known);
  }
}

function isSame(a: PoolName | undefined, b: PoolName | undefined): boolean {
  return a?.database === b?.database && a?.user === b?.user;
}
