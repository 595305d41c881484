import type { Clock, PasswordTry, ServerPasswordAnswer } from '@pgweir/pooler';

/** Something that a login to PostgreSQL may be made with. Secret. */
export interface Candidate {
  readonly user: string;
  readonly password: string;
}

export interface LadderNeeds {
  readonly clock: Clock;
  /** In the order in which they are to be tried; none: nothing is known. */
  readonly candidates: () => readonly Candidate[];
  /** Reads them again, and calls `done` once, never within this call. Bounds its own work. */
  readonly renew: (done: () => void) => void;
}

type Answer = (answer: ServerPasswordAnswer) => void;

interface Attempt {
  readonly answer: Answer;
  /** What it has been given; undefined: it waits. */
  key: string | undefined;
  /** The search that was under way, or would have been the next one, when it was given that. */
  search: number;
}

/** What came of the last search. */
type Outcome = 'none' | 'found' | 'exhausted';

/** As long as candidates are the same, a search that was in vain is made again after that time. */
const SEARCH_AGAIN_MS = 30_000;
/** A search that nobody has gone on with for that time is over: another one begins. */
export const SEARCH_LEFT_MS = 10_000;
const REFUSED: ServerPasswordAnswer = {
  kind: 'none',
  reason: 'the server takes no password that its secret has',
};
const NOTHING_KNOWN: ServerPasswordAnswer = {
  kind: 'none',
  reason: 'its secret has no password for this user',
};

/**
 * Finds the password that one server takes for one user. Usually that is the first candidate, for any
 * number of logins at a time. When the server refuses it, a *search* begins: the candidates are read again
 * once, and then each is tried once, by one login at a time; all others wait for what comes of it. When
 * none is left, the search is over, and logins fail as with any wrong password.
 */
export class Ladder {
  readonly #needs: LadderNeeds;
  /** In the search that is under way; empty: there is none. */
  readonly #refused = new Set<string>();
  /** Whose login failed in this search: they are told whether to try again. */
  #undecided: ((another: boolean) => void)[] = [];
  readonly #waiting = new Set<Attempt>();
  /** The login that tries the next candidate. */
  #scout: Attempt | undefined;
  #renewal: 'due' | 'under-way' | 'done' = 'due';
  #search = 0;
  /** The last step of the search (clock). */
  #stepAtMs = 0;
  #outcome: Outcome = 'none';
  /** What was taken though it is not the first, and what was the first then. */
  #found: { readonly key: string; readonly first: string } | undefined;
  /** All that was tried in vain, and when. */
  #vain: { readonly keys: string; readonly atMs: number } | undefined;

  constructor(needs: LadderNeeds) {
    this.#needs = needs;
  }

  /** Nobody is under way here. */
  get isIdle(): boolean {
    const searches = this.#refused.size > 0 && !this.#isLeft;
    return !searches && this.#waiting.size === 0 && this.#found === undefined;
  }

  begin(answer: Answer): PasswordTry {
    this.#dropLeft();
    const attempt: Attempt = { answer, key: undefined, search: this.#search };
    if (this.#refused.size === 0) this.#give(attempt, this.#best());
    else {
      this.#waiting.add(attempt);
      this.#advance();
    }
    return {
      giveUp: () => this.#gone(attempt),
      accepted: () => this.#accepted(attempt),
      refused: (decided) => this.#refusedOne(attempt, decided),
    };
  }

  #give(attempt: Attempt, candidate: Candidate | undefined): void {
    if (candidate === undefined) {
      attempt.answer(NOTHING_KNOWN);
      return;
    }
    attempt.key = keyOf(candidate);
    attempt.search = this.#search;
    attempt.answer({ kind: 'password', ...candidate });
  }

  /** What logins begin with. */
  #best(): Candidate | undefined {
    const candidates = this.#needs.candidates();
    const [first] = candidates;
    const found = this.#found;
    if (first === undefined || found === undefined || keyOf(first) !== found.first) return first;
    return candidates.find((candidate) => keyOf(candidate) === found.key) ?? first;
  }

  #next(): Candidate | undefined {
    return this.#needs.candidates().find((candidate) => !this.#refused.has(keyOf(candidate)));
  }

  #gone(attempt: Attempt): void {
    this.#waiting.delete(attempt);
    if (this.#scout !== attempt) return;
    this.#scout = undefined;
    this.#advance();
  }

  #accepted(attempt: Attempt): void {
    this.#dropLeft();
    const { key } = attempt;
    // Of a search one may come late whose password was good before.
    if (this.#refused.size === 0 || key === undefined || this.#refused.has(key)) return;
    const [first] = this.#needs.candidates();
    const isFirst = first === undefined || keyOf(first) === key;
    this.#found = isFirst ? undefined : { key, first: keyOf(first) };
    this.#vain = undefined;
    this.#end('found');
  }

  #refusedOne(attempt: Attempt, decided: (another: boolean) => void): void {
    if (this.#scout === attempt) this.#scout = undefined;
    else this.#dropLeft();
    const { key } = attempt;
    if (key === undefined) return decided(false);
    if (attempt.search !== this.#search && this.#outcome === 'exhausted') return decided(false);
    if (this.#refused.size === 0) {
      const best = this.#best();
      // Another one has been found, or is known, since this login began.
      if (best !== undefined && keyOf(best) !== key) return decided(true);
    }
    this.#refused.add(key);
    this.#undecided.push(decided);
    this.#advance();
  }

  /** The clients for whose sake it was begun have gone, and what it has read may be old by now. */
  get #isLeft(): boolean {
    if (this.#scout !== undefined || this.#renewal === 'under-way') return false;
    return this.#needs.clock.nowMs() - this.#stepAtMs >= SEARCH_LEFT_MS;
  }

  #dropLeft(): void {
    if (this.#refused.size > 0 && this.#isLeft) this.#end('none');
  }

  /** The next step of the search. */
  #advance(): void {
    if (this.#refused.size === 0) return this.#answerAll();
    this.#stepAtMs = this.#needs.clock.nowMs();
    if (this.#renewal === 'due') {
      this.#renewal = 'under-way';
      const search = this.#search;
      this.#needs.renew(() => {
        if (search !== this.#search) return;
        this.#renewal = 'done';
        this.#advance();
      });
      return;
    }
    if (this.#renewal === 'under-way' || this.#scout !== undefined) return;
    const next = this.#isVain() ? undefined : this.#next();
    if (next === undefined) {
      this.#vain ??= { keys: this.#keys(), atMs: this.#needs.clock.nowMs() };
      this.#found = undefined;
      this.#end('exhausted');
      return;
    }
    for (const decided of this.#undecided.splice(0)) decided(true);
    const [attempt] = this.#waiting;
    if (attempt === undefined || this.#scout !== undefined) return;
    this.#waiting.delete(attempt);
    this.#scout = attempt;
    this.#give(attempt, next);
  }

  /** All that there is was tried a short while ago. */
  #isVain(): boolean {
    const vain = this.#vain;
    if (vain === undefined) return false;
    const nowMs = this.#needs.clock.nowMs();
    if (vain.keys === this.#keys() && nowMs - vain.atMs < SEARCH_AGAIN_MS) return true;
    this.#vain = undefined;
    return false;
  }

  #keys(): string {
    return this.#needs.candidates().map(keyOf).join('\n');
  }

  #end(outcome: Outcome): void {
    this.#search++;
    this.#outcome = outcome;
    this.#refused.clear();
    this.#renewal = 'due';
    this.#scout = undefined;
    for (const decided of this.#undecided.splice(0)) decided(outcome === 'found');
    this.#answerAll();
  }

  #answerAll(): void {
    const isExhausted = this.#outcome === 'exhausted';
    for (const attempt of [...this.#waiting]) {
      if (!this.#waiting.delete(attempt)) continue;
      if (isExhausted) attempt.answer(REFUSED);
      else this.#give(attempt, this.#best());
    }
  }
}

function keyOf({ user, password }: Candidate): string {
  return JSON.stringify([user, password]);
}
