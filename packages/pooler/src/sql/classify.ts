import { EmbeddedCode } from './code';
import { CollectedEffects } from './collected-effects';
import { type Effects, NO_EFFECTS } from './effects';
import type { Grammar, Statement } from './grammar';
import { look } from './look';
import { EVERY_MARK, LOOK_CLOSER, LOOK_CODE, LOOK_EXITS, LOOK_UNSURE, Mark } from './marks';
import { RecentTexts, type RecentTextsLimits } from './recent-texts';
import { collectStatements } from './statements';

/** Longer texts are not parsed: 8 KB take some 5 ms, in which nobody else is served. */
export const PARSED_CHARS_MAX = 8 * 1024;

const REMEMBERED: RecentTextsLimits = { textsMax: 5000, bytesMax: 8 * 1024 * 1024 };

/** What texts of SQL do to the session that runs them. Texts are remembered, in bounds. */
export class SqlKnowledge {
  readonly #grammar: Grammar;
  readonly #recent: RecentTexts;

  constructor(grammar: Grammar, remembered: RecentTextsLimits = REMEMBERED) {
    this.#grammar = grammar;
    this.#recent = new RecentTexts(remembered);
  }

  /** PostgreSQL's own, which reads the texts. */
  get grammar(): Grammar {
    return this.#grammar;
  }

  /** How much is remembered. */
  get remembered(): { readonly size: number; readonly bytes: number } {
    return this.#recent;
  }

  /**
   * The effects of a text without its NUL: exactly where the grammar knows it, otherwise as
   * `effectsOfLook`. A text that is not SQL changes nothing anyway.
   */
  effectsOf(text: string): Effects {
    const known = this.#recent.get(text);
    if (known !== undefined) return known;
    const bytes = Buffer.from(text);
    const bits = look(bytes, 0, bytes.length);
    if (bits === 0) return NO_EFFECTS;
    // What the grammar cannot tell now it can tell later.
    if (text.length > PARSED_CHARS_MAX || !this.#grammar.ready) return this.effectsOfLook(bits);
    const effects = this.#classify(text, bits);
    this.#recent.add(text, effects);
    return effects;
  }

  /** The effects of a text of which only the answer of `look` is known: at least what it may do. */
  effectsOfLook(bits: number): Effects {
    if (bits === 0) return NO_EFFECTS;
    const effects = new CollectedEffects();
    collectLook(bits, effects);
    return effects.result();
  }

  /**
   * The statements of a text as the grammar reads them; undefined: it does not, because the text is too
   * long, or none of its own, or may mean something else under other settings.
   */
  statementsOf(text: string): readonly Statement[] | undefined {
    if (text.length > PARSED_CHARS_MAX || !this.#grammar.ready) return undefined;
    return this.#grammar.statements(text);
  }

  #classify(text: string, bits: number): Effects {
    if ((bits & (LOOK_CLOSER | LOOK_EXITS)) === 0) return this.effectsOfLook(bits);
    const effects = new CollectedEffects();
    const statements = this.#grammar.statements(text);
    if (statements === undefined) {
      collectLook(bits, effects);
    } else {
      collectStatements(statements, effects, new EmbeddedCode(this.#grammar));
      if ((bits & LOOK_UNSURE) !== 0) collectLook(bits, effects);
    }
    return effects.result();
  }
}

function collectLook(bits: number, effects: CollectedEffects): void {
  effects.mark(bits & EVERY_MARK);
  if ((bits & Mark.SqlPrepared) !== 0) effects.isVague = true;
  if ((bits & (Mark.Settings | LOOK_CODE)) !== 0) effects.unknownSetting();
}
