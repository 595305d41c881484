/** What the grammar says that a text may do to the session which runs it. Immutable. */
export interface Effects {
  /** Bits of Mark. */
  readonly marks: number;
  /** Lower-case names of settings whose session value may change. */
  readonly settings: readonly string[];
  /** Lower-case names of settings that change until the end of the transaction. */
  readonly localSettings: readonly string[];
  /** Lower-case names of settings that go back to their defaults; RESET ALL, DISCARD ALL: `all`. */
  readonly resets: readonly string[] | 'all';
  /** Numbers of the bind parameters ($n, from 1) that name a setting in a set_config($n, …). */
  readonly settingParameters: readonly number[];
  /** Channels of UNLISTEN; UNLISTEN *, DISCARD ALL: `all`. */
  readonly unlistens: readonly string[] | 'all';
  /** The whole text is exactly one DEALLOCATE. */
  readonly deallocates: { readonly name: string } | 'all' | undefined;
  /** Names in PREPARE: what else is in these effects is also what EXECUTE of them does. */
  readonly prepares: readonly string[];
  /** Names in EXECUTE. */
  readonly executes: readonly string[];
  /** It may prepare and execute more than these names say: the text was too long for the grammar. */
  readonly isVague: boolean;
  /** The whole text is one statement that works in a failed transaction, such as ROLLBACK. */
  readonly exitsTransaction: boolean;
  /**
   * The first of several statements works in a failed transaction: where the second one begins, in
   * bytes; otherwise 0.
   */
  readonly restAt: number;
}

export const NO_EFFECTS: Effects = {
  marks: 0,
  settings: [],
  localSettings: [],
  resets: [],
  settingParameters: [],
  unlistens: [],
  deallocates: undefined,
  prepares: [],
  executes: [],
  isVague: false,
  exitsTransaction: false,
  restAt: 0,
};

/** What two texts do one after the other. */
export function bothEffects(a: Effects, b: Effects): Effects {
  const sum = new SumOfEffects();
  sum.add(a);
  sum.add(b);
  return sum.result;
}

/** What several texts do one after the other. */
export class SumOfEffects {
  /** As long as there is but one with effects. */
  #only = NO_EFFECTS;
  #sets: Sets | undefined;

  add(effects: Effects): void {
    if (effects === NO_EFFECTS || effects === this.#only) return;
    if (this.#only === NO_EFFECTS && this.#sets === undefined) {
      this.#only = effects;
      return;
    }
    this.#sets ??= addTo(emptySets(), this.#only);
    addTo(this.#sets, effects);
  }

  get result(): Effects {
    const sets = this.#sets;
    if (sets === undefined) return this.#only;
    return {
      ...NO_EFFECTS,
      marks: sets.marks,
      settings: [...sets.settings],
      localSettings: [...sets.localSettings],
      resets: sets.resetsAll ? 'all' : [...sets.resets],
      settingParameters: [...sets.settingParameters],
      unlistens: sets.unlistensAll ? 'all' : [...sets.unlistens],
      prepares: [...sets.prepares],
      executes: [...sets.executes],
      isVague: sets.isVague,
    };
  }
}

interface Sets {
  marks: number;
  resetsAll: boolean;
  unlistensAll: boolean;
  isVague: boolean;
  readonly settings: Set<string>;
  readonly localSettings: Set<string>;
  readonly resets: Set<string>;
  readonly settingParameters: Set<number>;
  readonly unlistens: Set<string>;
  readonly prepares: Set<string>;
  readonly executes: Set<string>;
}

function emptySets(): Sets {
  return {
    marks: 0,
    resetsAll: false,
    unlistensAll: false,
    isVague: false,
    settings: new Set(),
    localSettings: new Set(),
    resets: new Set(),
    settingParameters: new Set(),
    unlistens: new Set(),
    prepares: new Set(),
    executes: new Set(),
  };
}

function addTo(sets: Sets, effects: Effects): Sets {
  sets.marks |= effects.marks;
  sets.isVague ||= effects.isVague;
  if (effects.resets === 'all') sets.resetsAll = true;
  else for (const name of effects.resets) sets.resets.add(name);
  if (effects.unlistens === 'all') sets.unlistensAll = true;
  else for (const channel of effects.unlistens) sets.unlistens.add(channel);
  for (const name of effects.settings) sets.settings.add(name);
  for (const name of effects.localSettings) sets.localSettings.add(name);
  for (const number of effects.settingParameters) sets.settingParameters.add(number);
  for (const name of effects.prepares) sets.prepares.add(name);
  for (const name of effects.executes) sets.executes.add(name);
  return sets;
}
