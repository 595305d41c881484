import type { ClientTotals } from '@pgweir/pooler';
import type { WorkerProcess } from './worker-process';

/** Changes are passed on together: a burst of logins is a few messages. */
const DELAY_MS = 5;

/** Tells every worker how many clients all others have, for the caps on clients. */
export class ClientExchange {
  readonly #living: () => Iterable<WorkerProcess>;
  readonly #clients = new Map<WorkerProcess, ClientTotals>();
  #timer: NodeJS.Timeout | undefined;

  constructor(living: () => Iterable<WorkerProcess>) {
    this.#living = living;
  }

  has(worker: WorkerProcess, clients: ClientTotals): void {
    this.#clients.set(worker, clients);
    this.#soon();
  }

  /** Its clients are gone with it. */
  gone(worker: WorkerProcess): void {
    if (this.#clients.delete(worker)) this.#soon();
  }

  /** It knows nothing of the others yet. */
  joined(worker: WorkerProcess): void {
    worker.channel.tell({ kind: 'other-clients', others: this.#othersOf(worker) });
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #soon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      for (const worker of this.#living()) this.joined(worker);
    }, DELAY_MS);
  }

  #othersOf(worker: WorkerProcess): ClientTotals {
    const others = [...this.#clients].filter(([other]) => other !== worker).map(([, has]) => has);
    return {
      total: others.reduce((sum, { total }) => sum + total, 0),
      perUser: sums(others.map(({ perUser }) => perUser)),
      perDatabase: sums(others.map(({ perDatabase }) => perDatabase)),
    };
  }
}

type Counts = readonly (readonly [name: string, count: number])[];

function sums(lists: readonly Counts[]): Counts {
  const totals = new Map<string, number>();
  for (const [name, count] of lists.flat()) totals.set(name, (totals.get(name) ?? 0) + count);
  return [...totals];
}
