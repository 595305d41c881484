import type { ProbeResult, ServerAddress } from '../observation';
import type { Position } from '../probe/position-query';
import type { FoundCluster } from './member-source';

/**
 * Told how far a server is: undefined when the connection was lost, or the server refused to say, for
 * which `refusal` is the reason.
 */
export type Sampled = (position: Position | undefined, refusal?: string) => void;

/** Asks one server, on a connection of its own. */
export interface ServerProbe {
  /**
   * Asks once. Calls `done` exactly once, at the latest when `deadlineMs` have passed. Never called
   * while the answer to another probe is due. Never throws.
   */
  probe(deadlineMs: number, done: (result: ProbeResult) => void): void;
  /**
   * Asks how far the server is, on the connection of the last probe. Calls `sampled` once and never
   * within this call, unless `close` comes first; with undefined when that connection was lost. What
   * takes too long, the next probe ends.
   *
   * @returns false when there is no connection now, or it is in use: then `sampled` is not called
   */
  sample(sampled: Sampled): boolean;
  /** Gives its connection up. An answer that is due need not come any more. May be called twice. */
  close(): void;
}

/** Makes probes. */
export interface Prober {
  /**
   * Does not connect yet: the first `probe` does. `disturbed` is called when the connection is lost
   * between two probes. Where `cluster` gives one, the server is asked
   * who its members are, too: its source stays the same, its seeds may change.
   */
  open(
    address: ServerAddress,
    disturbed: (reason: string) => void,
    cluster?: () => FoundCluster | undefined,
  ): ServerProbe;
}
