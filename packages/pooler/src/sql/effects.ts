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
  exitsTransaction: false,
  restAt: 0,
};

/** What two texts do one after the other. */
export function bothEffects(a: Effects, b: Effects): Effects {
  if (a === NO_EFFECTS || a === b) return b;
  if (b === NO_EFFECTS) return a;
  return {
    marks: a.marks | b.marks,
    settings: union(a.settings, b.settings),
    localSettings: union(a.localSettings, b.localSettings),
    resets: a.resets === 'all' || b.resets === 'all' ? 'all' : union(a.resets, b.resets),
    settingParameters: union(a.settingParameters, b.settingParameters),
    unlistens:
      a.unlistens === 'all' || b.unlistens === 'all' ? 'all' : union(a.unlistens, b.unlistens),
    deallocates: undefined,
    prepares: union(a.prepares, b.prepares),
    executes: union(a.executes, b.executes),
    exitsTransaction: false,
    restAt: 0,
  };
}

function union<T>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (a.length === 0) return b;
  return b.length === 0 ? a : [...new Set([...a, ...b])];
}
