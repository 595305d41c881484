import { bothEffects, type Effects, NO_EFFECTS } from '../sql/effects';
import { Mark } from '../sql/marks';
import { OwnStatements } from './own-statement';

/** Statements of which it is remembered what they do. */
const NAMES_MAX = 1000;

/** What the statements do that one client has prepared by SQL, and those that its EXECUTEs run. */
export class SqlPrepared {
  readonly #effects = new Map<string, Effects>();
  readonly #own: OwnStatements;
  /** There were too many to remember. */
  #hasForgotten = false;

  constructor(own: OwnStatements) {
    this.#own = own;
  }

  get isBlank(): boolean {
    return this.#effects.size === 0 && !this.#hasForgotten;
  }

  /** A text with these effects goes out. */
  note(effects: Effects): void {
    if (effects.isVague) this.#hasForgotten = true;
    for (const name of effects.prepares) {
      const key = OwnStatements.keyOf(name);
      // It may fail, because the name is taken: then the one before is still there.
      const before = this.#effects.get(key) ?? NO_EFFECTS;
      this.#effects.delete(key);
      this.#effects.set(key, bothEffects(before, effects));
      if (this.#effects.size > NAMES_MAX) this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    for (const key of this.#effects.keys()) {
      this.#effects.delete(key);
      this.#hasForgotten = true;
      return;
    }
  }

  /** The effects of a text, those of what it executes included. */
  whole(effects: Effects): Effects {
    let whole = effects.isVague ? withUnknown(effects, FORGOTTEN) : effects;
    for (const name of effects.executes) {
      const executed = this.#executed(OwnStatements.keyOf(name));
      if (executed === undefined) continue;
      whole = withUnknown(whole, executed);
    }
    return whole === effects ? effects : { ...whole, restAt: effects.restAt };
  }

  #executed(key: string): Effects | undefined {
    return this.#own.get(key)?.statement.effects ?? this.get(key);
  }

  /** The effects of one that was prepared by SQL, by its key in `OwnStatements`. */
  get(key: string): Effects | undefined {
    return this.#effects.get(key) ?? (this.#hasForgotten ? FORGOTTEN : undefined);
  }
}

/** Nobody knows what it does: what it may do is asked about. */
const FORGOTTEN: Effects = {
  ...NO_EFFECTS,
  marks: Mark.Settings | Mark.UnknownSettings | Mark.TempObjects | Mark.AdvisoryLocks,
};

/** With those of a statement that is executed: which setting a parameter names, only EXECUTE knows. */
function withUnknown(effects: Effects, executed: Effects): Effects {
  const unknown = executed.settingParameters.length > 0 || executed === FORGOTTEN;
  const marks = unknown ? Mark.Settings | Mark.UnknownSettings : 0;
  return bothEffects(effects, {
    ...executed,
    marks: executed.marks | marks,
    settingParameters: [],
    prepares: [],
    executes: [],
  });
}
