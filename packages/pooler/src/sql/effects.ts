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
  /** The whole text is one statement that works in a failed transaction, such as ROLLBACK. */
  readonly exitsTransaction: boolean;
}

export const NO_EFFECTS: Effects = {
  marks: 0,
  settings: [],
  localSettings: [],
  resets: [],
  settingParameters: [],
  unlistens: [],
  deallocates: undefined,
  exitsTransaction: false,
};
