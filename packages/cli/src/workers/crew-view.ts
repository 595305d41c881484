import {
  type DaemonSnapshot,
  type DaemonView,
  type Logger,
  mergeSnapshots,
  mergeStatements,
  mergeTotals,
  NOTHING_SEEN,
  type PoolerSettings,
  type PoolView,
  type SnapshotPart,
  type StatementView,
  type TotalsView,
  totalsOf,
  type WorkerView,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { ProcessFacts } from '../process/process-facts';
import { reasonOf } from '../system-error';
import type { Crew } from './crew';
import { NOT_ANSWERING } from './not-answering';
import type { WorkerProcess } from './worker-process';

/** A worker that takes longer is left out. */
const ANSWER_MS = 2_000;

interface CrewViewNeeds {
  readonly log: Logger;
  readonly settings: () => Pick<PoolerSettings, 'statementStats' | 'statementStatsMax'>;
}

/** One picture of all workers. */
export class CrewView implements DaemonView {
  readonly #crew: Crew;
  readonly #log: Logger;
  readonly #settings: CrewViewNeeds['settings'];
  /** What workers that are gone have done: totals never fall. */
  #departed: TotalsView = NOTHING_SEEN;
  /** The same of statements, the most costly ones. */
  #statements: readonly StatementView[] = [];
  readonly #facts = new ProcessFacts();

  constructor(crew: Crew, { log, settings }: CrewViewNeeds) {
    this.#crew = crew;
    this.#log = log;
    this.#settings = settings;
  }

  configure({ http }: DaemonConfig): void {
    this.#facts.configure({ isWanted: http.address !== undefined });
  }

  departed(worker: WorkerProcess): void {
    this.#departed = mergeTotals([this.#departed, worker.totals]);
    const { statementStats, statementStatsMax } = this.#settings();
    const statements = [...this.#statements, ...worker.statements];
    this.#statements = statementStats ? mergeStatements(statements, statementStatsMax) : [];
  }

  /** Counts of statements of workers that are gone are wanted no more. */
  forgetStatements(): void {
    this.#statements = [];
    for (const worker of this.#crew.living) worker.statements = [];
  }

  async snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot> {
    const asked = [...this.#crew.living].filter(({ phase }) => phase !== 'starting');
    // Of the same moment: one that goes while it is asked counts as one that has answered.
    if (!this.#settings().statementStats) this.forgetStatements();
    const wantsStatements = parts.includes('statements');
    const statements = wantsStatements ? this.#statements : [];
    const departed = { ...NOTHING_SEEN, ...this.#departed, statements };
    const snapshots = await Promise.all(asked.map((worker) => this.#ask(worker, parts)));
    // Of one that says nothing the totals of before stand, which must not fall.
    const known = snapshots.map((snapshot, at) => snapshot ?? lastOf(asked[at], parts));
    const merged = mergeSnapshots([...known, departed]);
    const starting = [...this.#crew.living].filter(({ phase }) => phase === 'starting');
    const silent = asked.filter((_, at) => snapshots[at] === undefined);
    const workers = [
      ...merged.workers,
      ...starting.map((worker) => this.#row(worker, 'starting')),
      ...silent.map((worker) => this.#row(worker, NOT_ANSWERING)),
    ];
    const own = parts.includes('processes') ? [await this.#facts.view('supervisor', 0)] : [];
    const processes = [...own, ...merged.processes];
    return {
      ...merged,
      processes,
      workers: workers.sort((a, b) => a.slot - b.slot || a.number - b.number),
    };
  }

  async #ask(
    worker: WorkerProcess,
    parts: readonly SnapshotPart[],
  ): Promise<DaemonSnapshot | undefined> {
    try {
      const snapshot = await worker.channel.ask('snapshot', { parts }, ANSWER_MS);
      worker.totals = totalsOf(snapshot);
      worker.pools = snapshot.pools;
      if (parts.includes('statements')) worker.statements = snapshot.statements;
      return { ...snapshot, workers: [this.#row(worker, snapshot.state, snapshot)] };
    } catch (error) {
      // One that is gone by now has nothing more to say.
      if (worker.phase === 'gone') return lastOf(worker, parts);
      const reason = reasonOf(error);
      this.#log.warn(`worker ${worker.number} is missing in the view`, {
        worker: worker.number,
        reason,
      });
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

/** What a worker that says nothing now has told of before. */
function lastOf(worker: WorkerProcess | undefined, parts: readonly SnapshotPart[]): DaemonSnapshot {
  const statements = parts.includes('statements') ? (worker?.statements ?? []) : [];
  const pools = (worker?.pools ?? []).map(waitsOf);
  return { ...NOTHING_SEEN, ...worker?.totals, pools, statements };
}

/** Only what never falls: what it does now nobody knows. */
function waitsOf({ database, user, poolMode, waits }: PoolView): PoolView {
  return {
    ...{ database, user, poolMode, waits },
    ...{ clientsActive: 0, clientsIdle: 0, clientsWaiting: 0, clientsCanceling: 0 },
    ...{ linksActive: 0, linksIdle: 0, linksTested: 0, linksDialing: 0, linksClosing: 0 },
    ...{ linksBeingCanceled: 0, linksPinned: 0, linksInUseOnReplicas: 0 },
    ...{ waitMaxMs: 0, waitingMs: 0, inQueryMs: 0, inTransactionMs: 0 },
  };
}
