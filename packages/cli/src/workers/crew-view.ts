import {
  type DaemonSnapshot,
  type DaemonView,
  type Logger,
  mergeSnapshots,
  mergeTotals,
  type TotalsView,
  type WorkerView,
} from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import type { Crew } from './crew';
import type { WorkerProcess } from './worker-process';

/** A worker that takes longer is left out. */
const ANSWER_MS = 2_000;

const NOTHING: DaemonSnapshot = {
  state: 'stopped',
  clientsTotal: 0,
  linksTotal: 0,
  pools: [],
  stats: [],
  pinCounts: [],
  clients: [],
  pins: [],
  workers: [],
};

/** One picture of all workers. */
export class CrewView implements DaemonView {
  readonly #crew: Crew;
  readonly #log: Logger;
  /** What workers that are gone have done: totals never fall. */
  #departed: TotalsView = NOTHING;

  constructor(crew: Crew, log: Logger) {
    this.#crew = crew;
    this.#log = log;
  }

  departed(worker: WorkerProcess): void {
    this.#departed = mergeTotals([this.#departed, worker.totals]);
  }

  async snapshot(): Promise<DaemonSnapshot> {
    const asked = [...this.#crew.living].filter(({ phase }) => phase !== 'starting');
    const snapshots = await Promise.all(asked.map((worker) => this.#ask(worker)));
    const known = snapshots.filter((snapshot) => snapshot !== undefined);
    const merged = mergeSnapshots([...known, { ...NOTHING, ...this.#departed }]);
    const starting = [...this.#crew.living].filter(({ phase }) => phase === 'starting');
    const silent = asked.filter((_, at) => snapshots[at] === undefined);
    const workers = [
      ...merged.workers,
      ...starting.map((worker) => this.#row(worker, 'starting')),
      ...silent.map((worker) => this.#row(worker, 'not answering')),
    ];
    return { ...merged, workers: workers.sort((a, b) => a.slot - b.slot || a.number - b.number) };
  }

  async #ask(worker: WorkerProcess): Promise<DaemonSnapshot | undefined> {
    try {
      const snapshot = await worker.channel.ask('snapshot', {}, ANSWER_MS);
      const { stats, pinCounts } = snapshot;
      worker.totals = { stats, pinCounts };
      return { ...snapshot, workers: [this.#row(worker, snapshot.state, snapshot)] };
    } catch (error) {
      // One that is gone by now has nothing to say.
      if (worker.phase === 'gone') return NOTHING;
      const reason = reasonOf(error);
      this.#log.warn(`worker ${worker.number} is missing in the view`, { reason });
      return undefined;
    }
  }

  #row(worker: WorkerProcess, state: string, counts: DaemonSnapshot = NOTHING): WorkerView {
    return {
      slot: worker.slot,
      number: worker.number,
      pid: worker.pid,
      state,
      clients: counts.clientsTotal,
      links: counts.linksTotal,
      startedAtMs: worker.startedAtMs,
      restarts: this.#crew.restartsOf(worker.slot),
    };
  }
}
