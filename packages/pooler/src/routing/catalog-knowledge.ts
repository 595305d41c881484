import type { Clock } from '../ports/clock';
import { readCatalogAnswer, type Standing } from './catalog-answer';
import { type CatalogName, DATABASE } from './catalog-names';
import { catalogQuestion } from './catalog-sql';

/** Runs the questions of one database on a link of the pooler's own. */
export interface CatalogQuestions {
  /**
   * Runs `sql`, a simple query of several statements, outside of a transaction, as whoever may log in to
   * the database. Asked in the middle of a client's message.
   *
   * @param answer is called once: with the columns of the only row, or without any when there is no
   *   answer. Later than `ANSWER_WITHIN_MS` nobody listens any more
   */
  ask(sql: string, answer: (row: readonly (string | null)[] | undefined) => void): void;
}

export interface CatalogKnowledgeNeeds {
  readonly questions: CatalogQuestions;
  readonly clock: Clock;
  /** How old what is known may get. Default 60 s. */
  readonly ageLimitMs?: number | undefined;
  /** How many names are known at most. */
  readonly namesMax?: number | undefined;
}

/** What names prove together. */
export interface Judgement {
  /** `unknown`: the catalog has been asked, and has not answered yet. */
  readonly standing: Standing | 'unknown';
  /** Until then it is not worth asking again, unless `version` changes. */
  readonly untilMs: number;
}

export const ANSWER_WITHIN_MS = 30_000;
const AGE_LIMIT_MS = 60_000;
const NAMES_MAX = 10_000;
/** Names in one question. */
const NAMES_ASKED_MAX = 200;
/** Names that wait for a question; those that do not fit are asked for when they are used again. */
const NAMES_WAITING_MAX = 2000;
/** How long the next question waits after one that failed. */
const RETRY_MS = 1000;

interface Known {
  readonly standing: Standing;
  readonly askedAtMs: number;
}

interface Question {
  readonly names: readonly CatalogName[];
  readonly keys: ReadonlySet<string>;
  readonly askedAtMs: number;
}

/**
 * What the catalog of one database says of the names in statements, as far as somebody has asked lately.
 * What is not known is asked for in the background and taken for no read meanwhile; what gets old is
 * asked for again before it is too old.
 */
export class CatalogKnowledge {
  readonly #needs: CatalogKnowledgeNeeds;
  readonly #ageLimitMs: number;
  readonly #namesMax: number;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, CatalogName>();
  #question: Question | undefined;
  #notBeforeMs = 0;
  #version = 0;
  #oddity: string | undefined;

  constructor(needs: CatalogKnowledgeNeeds) {
    this.#needs = needs;
    this.#ageLimitMs = needs.ageLimitMs ?? AGE_LIMIT_MS;
    this.#namesMax = needs.namesMax ?? NAMES_MAX;
  }

  /** Grows when another judgement may be due than the one before. */
  get version(): number {
    return this.#version;
  }

  /** Why nothing at all is proven in this database, for people; undefined when something is. */
  get oddity(): string | undefined {
    return this.#oddity;
  }

  /** How many names are known. */
  get size(): number {
    return this.#known.size;
  }

  /** What names prove together: what the worst of them does. */
  judge(names: readonly CatalogName[], nowMs: number): Judgement {
    let isUnknown = false;
    let worst: Standing = 'read';
    let untilMs = Number.POSITIVE_INFINITY;
    for (const name of names) {
      const known = this.#known.get(name.key);
      const ageMs = known === undefined ? this.#ageLimitMs : nowMs - known.askedAtMs;
      // Asked for again at half of the age, so that nothing in use is ever unknown for a while.
      const isOld = ageMs >= this.#ageLimitMs / 2;
      if (isOld) this.#want(name);
      if (known === undefined || ageMs >= this.#ageLimitMs) isUnknown = true;
      else if (worst === 'read' || known.standing === 'other') worst = known.standing;
      const leftMs = (isOld ? this.#ageLimitMs : this.#ageLimitMs / 2) - ageMs;
      untilMs = Math.min(untilMs, nowMs + (isOld ? Math.min(RETRY_MS, leftMs) : leftMs));
    }
    this.#askNext(nowMs);
    if (isUnknown) return { standing: 'unknown', untilMs: nowMs + RETRY_MS };
    return { standing: worst, untilMs };
  }

  /**
   * The schema may have changed: nothing is known any more, and answers on their way are not listened to.
   * To be called when the statement has run, and again when its transaction is over: until then others
   * are told what was true before. Also to be called on reload.
   */
  schemaChanged(): void {
    this.#known.clear();
    this.#waiting.clear();
    this.#question = undefined;
    this.#oddity = undefined;
    this.#version++;
  }

  #want(name: CatalogName): void {
    if (this.#question?.keys.has(name.key) === true) return;
    if (this.#waiting.size < NAMES_WAITING_MAX) this.#waiting.set(name.key, name);
  }

  #askNext(nowMs: number): void {
    if (this.#waiting.size === 0 || nowMs < this.#notBeforeMs) return;
    if (this.#question !== undefined) {
      if (nowMs - this.#question.askedAtMs < ANSWER_WITHIN_MS) return;
      this.#failed(nowMs);
      return;
    }
    const names = [...this.#waiting.values()].slice(0, NAMES_ASKED_MAX);
    for (const { key } of names) this.#waiting.delete(key);
    const question = { names, keys: new Set(names.map(({ key }) => key)), askedAtMs: nowMs };
    this.#question = question;
    this.#needs.questions.ask(catalogQuestion(names), (row) => this.#answered(question, row));
  }

  #answered(question: Question, row: readonly (string | null)[] | undefined): void {
    // It took too long, or the schema has changed since.
    if (this.#question !== question) return;
    const nowMs = this.#needs.clock.nowMs();
    const answer = row === undefined ? undefined : readCatalogAnswer(question.names, row);
    if (answer === undefined) {
      this.#failed(nowMs);
      return;
    }
    this.#question = undefined;
    for (const [index, name] of question.names.entries()) {
      if (name.kind === 'database') this.#oddity = answer.oddity;
      this.#learn(name.key, answer.standings[index] ?? 'other', question.askedAtMs);
    }
    this.#askNext(nowMs);
  }

  #learn(key: string, standing: Standing, askedAtMs: number): void {
    if (this.#known.get(key)?.standing !== standing) this.#version++;
    // What was asked for last stands last.
    this.#known.delete(key);
    this.#known.set(key, { standing, askedAtMs });
    if (this.#known.size > this.#namesMax) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const key of this.#known.keys()) {
      // Without it nothing is proven.
      if (key === DATABASE.key) continue;
      this.#known.delete(key);
      return;
    }
  }

  #failed(nowMs: number): void {
    this.#question = undefined;
    this.#notBeforeMs = nowMs + RETRY_MS;
  }
}
