import type { StatementText } from './statement-text';

/** A statement that has been sent, or the place where a group of messages ends. */
export interface RunUnderWay {
  kind: 'statement' | 'end-of-group';
  /** Undefined: it is not known by itself. */
  text: StatementText | undefined;
  sentMs: number;
  /** How long a link was waited for before. */
  waitMs: number;
  rows: number;
  failed: boolean;
  /** Its CommandComplete has come; it ends with its group, which has to be committed. */
  isAnswered: boolean;
}

/** More at a time are not told apart. */
export const UNDER_WAY_MAX = 2048;
const FIRST_PLACES = 4;

/** What one session has under way on its link, in order. Places are used again. */
export class RunsUnderWay {
  readonly #places: RunUnderWay[] = [];
  /** How many places there are, made or not: a power of two. */
  #size = FIRST_PLACES;
  #first = 0;
  #count = 0;
  #groups = 0;

  get isFull(): boolean {
    return this.#count === UNDER_WAY_MAX;
  }

  /** How many groups end in it. */
  get groups(): number {
    return this.#groups;
  }

  get head(): RunUnderWay | undefined {
    return this.#at(0);
  }

  /** Behind the head. */
  get second(): RunUnderWay | undefined {
    return this.#at(1);
  }

  #at(index: number): RunUnderWay | undefined {
    return index < this.#count ? this.#places[(this.#first + index) & (this.#size - 1)] : undefined;
  }

  /** The next place, for the caller to fill. Only where it is not full. */
  add(kind: RunUnderWay['kind']): RunUnderWay {
    if (this.#count === this.#size) this.#grow();
    const at = (this.#first + this.#count) & (this.#size - 1);
    this.#places[at] ??= emptyRun();
    const place = this.#places[at];
    this.#count++;
    if (kind === 'end-of-group') this.#groups++;
    place.kind = kind;
    place.text = undefined;
    place.sentMs = 0;
    place.waitMs = 0;
    place.rows = 0;
    place.failed = false;
    place.isAnswered = false;
    return place;
  }

  /** The head is over. Its place stays as it is until the next `add`. */
  takeHead(): void {
    if (this.#count === 0) return;
    if (this.head?.kind === 'end-of-group') this.#groups--;
    this.#first = (this.#first + 1) & (this.#size - 1);
    this.#count--;
  }

  /** The end of the first group has vanished: what was sent behind it belongs to that group. */
  joinGroups(): void {
    const all = this.#inOrder();
    const end = all.findIndex(({ kind }) => kind === 'end-of-group');
    if (end < 0) return;
    all.splice(end, 1);
    this.#replace(all);
    this.#groups--;
  }

  /** A copy of the first statement of each group, the last of which may be open; or undefined. */
  firstOfGroups(): readonly (RunUnderWay | undefined)[] {
    const groups: (RunUnderWay | undefined)[] = [];
    let first: RunUnderWay | undefined;
    for (const run of this.#inOrder()) {
      if (run.kind === 'statement') first ??= { ...run };
      else {
        groups.push(first);
        first = undefined;
      }
    }
    return first === undefined ? groups : [...groups, first];
  }

  clear(): void {
    this.#first = 0;
    this.#count = 0;
    this.#groups = 0;
    if (this.#size === FIRST_PLACES) return;
    this.#size = FIRST_PLACES;
    this.#places.length = 0;
  }

  #grow(): void {
    this.#replace(this.#inOrder());
    this.#size *= 2;
  }

  #inOrder(): RunUnderWay[] {
    return Array.from({ length: this.#count }, (_, index) => this.#at(index) ?? emptyRun());
  }

  #replace(all: readonly RunUnderWay[]): void {
    this.#places.length = 0;
    this.#places.push(...all);
    this.#first = 0;
    this.#count = all.length;
  }
}

function emptyRun(): RunUnderWay {
  return {
    kind: 'statement',
    text: undefined,
    sentMs: 0,
    waitMs: 0,
    rows: 0,
    failed: false,
    isAnswered: false,
  };
}
