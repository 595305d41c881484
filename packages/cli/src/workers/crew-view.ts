import {
  type DaemonSnapshot,
  type DaemonView,
  type Logger,
  mergeSnapshots,
  mergeTotals,
  NOTHING_SEEN,
  type SnapshotPart,
  type TotalsView,
  totalsOf,
  type WorkerView,
} from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import type { Crew } from './crew';
import type { WorkerProcess } from './worker-process';

/** A worker that takes longer is left out. */
const ANSWER_MS = 2_000;

/** One picture of all workers. */
export class CrewView implements DaemonView {
  readonly #crew: Crew;
  readonly #log: Logger;
  /** What workers that are gone have done: totals never fall. */
  #departed: TotalsView = NOTHING_SEEN;

  constructor(crew: Crew, log: Logger) {
    this.#crew = crew;
    this.#log = log;
  }

  departed(worker: WorkerProcess): void {
    this.#departed = mergeTotals([this.#departed, worker.totals]);
  }

  async snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot> {
    const asked = [...this.#crew.living].filter(({ phase }) => phase !== 'starting');
    // Of the same moment: one that goes while it is asked counts as one that has answered.
    const departed = { ...NOTHING_SEEN, ...this.#departed };
    const snapshots = await Promise.all(asked.map((worker) => this.#ask(worker, parts)));
    // Of one that says nothing the totals of before stand, which must not fall.
    const known = snapshots.map(
      (snapshot, at) => snapshot ?? { ...NOTHING_SEEN, ...asked[at]?.totals },
    );
    const merged = mergeSnapshots([...known, departed]);
    const starting = [...this.#crew.living].filter(({ phase }) => phase === 'starting');
    const silent = asked.filter((_, at) => snapshots[at] === undefined);
    const workers = [
      ...merged.workers,
      ...starting.map((worker) => this.#row(worker, 'starting')),
      ...silent.map((worker) => this.#row(worker, 'not answering')),
    ];
    return { ...merged, workers: workers.sort((a, b) => a.slot - b.slot || a.number - b.number) };
  }

  async #ask(
    worker: WorkerProcess,
    parts: readonly SnapshotPart[],
  ): Promise<DaemonSnapshot | undefined> {
    try {
      const snapshot = await worker.channel.ask('snapshot', { parts }, ANSWER_MS);
      worker.totals = totalsOf(snapshot);
      return { ...snapshot, workers: [this.#row(worker, snapshot.state, snapshot)] };
    } catch (error) {
      // One that is gone by now has nothing more to say.
      if (worker.phase === 'gone') return { ...NOTHING_SEEN, ...worker.totals };
      const reason = reasonOf(error);
      this.#log.warn(`worker ${worker.number} is missing in the view`, { reason });
      return undefined;
    }
  }

  #row(worker: WorkerProcess, state: string, counts: DaemonSnapshot = NOTHING_SEEN): WorkerView {
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
