import type { Clock } from '../ports/clock';
import type { Grammar } from '../sql/grammar';
import type { CatalogKnowledge } from './catalog-knowledge';
import { type Nature, NO_PROOF, proofOf, type ReadProof } from './read-proof';
import type { RouteHint } from './route-hint';
import { Shape } from './shape';
import { ShapeCache, type ShapeCacheLimits } from './shape-cache';

/** What is known of a text. Belongs to the judge: what it says may change with the next call. */
export interface Verdict {
  /** What the text is as far as the grammar shows, whatever the catalog says. */
  readonly byGrammar: Nature;
  /** What it is for certain; `other` until the catalog has said so. */
  readonly nature: Nature;
  /** What a comment in the text says. */
  readonly hint: RouteHint;
}

export const NO_VERDICT: Verdict = { byGrammar: 'other', nature: 'other', hint: 'none' };

export interface ReadJudgeNeeds {
  readonly grammar: Grammar;
  readonly knowledge: CatalogKnowledge;
  readonly clock: Clock;
  /** A verdict weighs one, and as much for each name in it. */
  readonly limits?: ShapeCacheLimits | undefined;
}

const LIMITS: ShapeCacheLimits = { shapesMax: 4096, weightMax: 100_000 };
/** The end of a text for the grammar, and what a decoder puts in the place of bytes that are no UTF-8. */
const NO_TEXT = /[\0\uFFFD]/;
const NEVER = -1;

/** The verdict on all texts of one shape. */
class ShapeVerdict implements Verdict {
  readonly proof: ReadProof;
  readonly hint: RouteHint;
  nature: Nature = 'other';
  /** `version` of the knowledge that `nature` is by, and how long it holds. */
  version = NEVER;
  untilMs = 0;

  constructor(proof: ReadProof, hint: RouteHint) {
    this.proof = proof;
    this.hint = hint;
    if (proof.names.length > 0) return;
    // The catalog has nothing to say.
    this.nature = proof.nature;
    this.untilMs = Number.POSITIVE_INFINITY;
  }

  get byGrammar(): Nature {
    return this.proof.nature;
  }
}

/** One for all: it holds nothing between two calls. */
const shape = new Shape();

/** Which texts are proven reads in one database. Texts that differ in constants only are judged once. */
export class ReadJudge {
  readonly #grammar: Grammar;
  readonly #knowledge: CatalogKnowledge;
  readonly #clock: Clock;
  readonly #verdicts: ShapeCache<ShapeVerdict>;
  /** By the texts of statements that clients have prepared. */
  readonly #prepared = new WeakMap<Buffer, ShapeVerdict>();

  constructor({ grammar, knowledge, clock, limits }: ReadJudgeNeeds) {
    this.#grammar = grammar;
    this.#knowledge = knowledge;
    this.#clock = clock;
    this.#verdicts = new ShapeCache(limits ?? LIMITS);
  }

  /**
   * Whether `text[start, end)`, a text of a Query or Parse without its NUL, is a read for certain: it may
   * run twice, and nobody can tell.
   */
  isProvenRead(text: Buffer, start: number, end: number): boolean {
    return this.verdictOn(text, start, end).nature !== 'other';
  }

  /** The same, and all else that a route depends on. To be looked at before the next call. */
  verdictOn(text: Buffer, start: number, end: number): Verdict {
    const verdict = this.#find(text, start, end);
    return verdict === undefined ? NO_VERDICT : this.#current(verdict);
  }

  /** The same for a text, a NUL behind it, that never changes: it is read once. */
  verdictOnPrepared(text: Buffer): Verdict {
    const known = this.#prepared.get(text);
    if (known !== undefined) return this.#current(known);
    const verdict = this.#find(text, 0, text.indexOf(0));
    if (verdict === undefined) return NO_VERDICT;
    this.#prepared.set(text, verdict);
    return this.#current(verdict);
  }

  /** undefined: nobody can tell now. */
  #find(text: Buffer, start: number, end: number): ShapeVerdict | undefined {
    if (!shape.read(text, start, end)) return undefined;
    return this.#verdicts.get(shape) ?? this.#parse(text, start, end);
  }

  #current(verdict: ShapeVerdict): Verdict {
    if (verdict.untilMs === Number.POSITIVE_INFINITY) return verdict;
    const nowMs = this.#clock.nowMs();
    if (verdict.version !== this.#knowledge.version || nowMs >= verdict.untilMs) {
      this.#judge(verdict, nowMs);
    }
    return verdict;
  }

  #judge(verdict: ShapeVerdict, nowMs: number): void {
    const { nature, names } = verdict.proof;
    // The answer may come before the judgement is there, which is not by it then.
    const { version } = this.#knowledge;
    const { standing, untilMs } = this.#knowledge.judge(names, nowMs);
    if (standing === 'unknown') verdict.nature = 'other';
    else verdict.nature = standing === 'read' ? nature : standing;
    verdict.untilMs = untilMs;
    verdict.version = version;
  }

  #parse(text: Buffer, start: number, end: number): ShapeVerdict | undefined {
    if (!this.#grammar.ready) return undefined;
    const decoded = text.toString('utf8', start, end);
    if (NO_TEXT.test(decoded)) return undefined;
    const statements = this.#grammar.statements(decoded);
    const proof = statements === undefined ? NO_PROOF : proofOf(statements);
    const verdict = new ShapeVerdict(proof, shape.hint);
    this.#verdicts.add(shape, verdict, 1 + proof.names.length);
    return verdict;
  }
}
