/** Turns host names into addresses. */
export interface Resolver {
  /** Calls `done` exactly once, with at least one IP address or an error. May call within this call. */
  resolve(
    host: string,
    done: (result: { addresses: readonly string[] } | { error: Error }) => void,
  ): void;
  /** Whoever asks next for one of these names gets a fresh answer. Absent: nothing is remembered. */
  forget?(hosts: readonly string[]): void;
}
