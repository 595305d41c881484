import type { ProbeResult, ServerAddress } from '../observation';

/** Asks one server, on a connection of its own. */
export interface ServerProbe {
  /**
   * Asks once. Calls `done` exactly once, at the latest when `deadlineMs` have passed. Never called
   * while an answer is due. Never throws.
   */
  probe(deadlineMs: number, done: (result: ProbeResult) => void): void;
  /** Gives its connection up. An answer that is due need not come any more. May be called twice. */
  close(): void;
}

/** Makes probes. */
export interface Prober {
  /**
   * Does not connect yet: the first `probe` does. `disturbed` is called when the connection is lost
   * between two probes.
   */
  open(address: ServerAddress, disturbed: (reason: string) => void): ServerProbe;
}
