import type { Cluster, Server } from '@pgweir/testkit';

/** How long the demo goes on without a replica, so that this can be seen. */
const APART_MS = 3_000;

interface FailoverKeyNeeds {
  readonly cluster: Cluster;
  /** Tells what happens, a line at a time. */
  readonly say: (line: string) => void;
}

/**
 * What an accident and somebody like Patroni do together, at a key: the primary is killed, its replica
 * promoted, and the old primary comes back as a replica of the new one. pgweir only looks on.
 */
export class FailoverKey {
  readonly #needs: FailoverKeyNeeds;
  readonly #abort = new AbortController();
  #primary: Server;
  #replica: Server;
  #running: Promise<void> | undefined;

  constructor(needs: FailoverKeyNeeds) {
    this.#needs = needs;
    const { primary, replicas } = needs.cluster;
    const [replica] = replicas;
    if (replica === undefined) throw new Error('the replica is missing');
    this.#primary = primary;
    this.#replica = replica;
  }

  /** Begins one, unless one is under way. */
  press(): void {
    const { say } = this.#needs;
    if (this.#running !== undefined) {
      say('one thing after the other: the last failover is not over yet');
      return;
    }
    this.#running = this.#failOver()
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted) say(`the failover went wrong: ${String(error)}`);
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** Waits until what is under way has ended. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #failOver(): Promise<void> {
    const { cluster, say } = this.#needs;
    const [lost, promoted] = [this.#primary, this.#replica];
    say(`kill -9 of the primary (port ${lost.port})`);
    await lost.kill();
    await promoted.promote();
    [this.#primary, this.#replica] = [promoted, lost];
    say(`the replica (port ${promoted.port}) is the primary now`);
    await pause(APART_MS, this.#abort.signal);
    if (this.#abort.signal.aborted) return;
    await cluster.rejoin(lost, promoted);
    say(`the old primary (port ${lost.port}) is back, as a replica`);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
