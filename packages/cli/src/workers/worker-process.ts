import { type ChildProcess, spawn } from 'node:child_process';
import {
  NO_TOTALS,
  type PoolView,
  type StatementView,
  type TotalsView,
  totalsOf,
} from '@pgweir/pooler';
import { WORKER_FLAG } from '../command-line';
import { descriptorChannel, systemCalls } from '../system-calls';
import { VERSION } from '../version';
import { type Answers, Channel } from './channel';
import type {
  AskedOfSupervisor,
  AskedOfWorker,
  ToldToSupervisor,
  ToldToWorker,
  WorkerStart,
} from './messages';

/**
 * - `starting`: has not said yet that it serves
 * - `serving`: accepts clients
 * - `retiring`: accepts nobody, keeps its clients
 * - `ending`: was told to drain or stop
 * - `gone`: the process has ended
 */
export type WorkerPhase = 'starting' | 'serving' | 'retiring' | 'ending' | 'gone';

export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a worker is started. */
export interface SpawnOptions {
  readonly self: readonly [string, ...string[]];
  readonly start: WorkerStart;
  /** Listening descriptors, in the order of `start.ports`. */
  readonly descriptors: readonly number[];
  readonly answers: Answers<AskedOfSupervisor>;
  /** What it says, but for what concerns the process alone. */
  readonly told: (worker: WorkerProcess, told: ToldToSupervisor) => void;
}

const START_MS = 30_000;
/** How long after its end words of a process may still arrive. */
const LAST_WORDS_MS = 200;
/** How long one that was told to stop may take. */
const STOP_MS = 5_000;

/** A worker, as the supervisor sees it. */
export class WorkerProcess {
  readonly slot: number;
  readonly number: number;
  readonly startedAtMs = Date.now();
  readonly channel: Channel<AskedOfWorker, AskedOfSupervisor, ToldToWorker, ToldToSupervisor>;
  /** Settles once: it serves, or it never will, and why. */
  readonly up: Promise<void>;
  /** Everything that it said has been heard, and the process is gone. */
  readonly gone: Promise<WorkerExit>;
  /** Where the descriptors that it passes arrive. Closed by whoever awaits `gone`. */
  readonly passingEnd: number;
  phase: WorkerPhase = 'starting';
  /** When it last gave a sign of life (monotonic). */
  heardAtMs = performance.now();
  /** The totals of its traffic, as far as they are known. */
  totals: TotalsView = NO_TOTALS;
  /** Its pools, as they were last heard of. */
  pools: readonly PoolView[] = [];
  /** What it has counted, when it was last asked for that. */
  statements: readonly StatementView[] = [];
  /** It was refused for that, and so would the next one be. */
  isOfOtherVersion = false;
  readonly #child: ChildProcess;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isUp: () => void = ignore;
  #neverUp: (error: Error) => void = ignore;

  /** @throws Error when the system has no more descriptors */
  constructor(options: SpawnOptions) {
    const { start } = options;
    this.slot = start.slot;
    this.number = start.number;
    this.up = new Promise((resolve, reject) => {
      this.#isUp = resolve;
      this.#neverUp = reject;
    });
    // Whoever started it may not care.
    this.up.catch(ignore);
    const [here, there] = descriptorChannel();
    this.passingEnd = here;
    this.#child = spawnWorker(options, there);
    systemCalls().close(there);
    const end = this.#child;
    this.channel = new Channel(
      {
        get connected() {
          return end.connected;
        },
        send: (message, sent) => void end.send(message as object, () => sent()),
        onMessage: (received) => void end.on('message', received),
      },
      {
        answers: options.answers,
        told: (told) => this.#told(told, options),
        alive: () => {
          this.heardAtMs = performance.now();
        },
      },
    );
    this.gone = this.#ended();
    this.#after(START_MS, () => this.#failed(`not up after ${START_MS / 1000} s`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #told(told: ToldToSupervisor, { start, told: pass }: SpawnOptions): void {
    switch (told.kind) {
      case 'hello':
        if (told.version === VERSION) this.channel.tell({ kind: 'start', start });
        else this.#refuse(told.version);
        return;
      case 'up':
        this.#clearTimers();
        if (this.phase === 'starting') this.phase = 'serving';
        this.#isUp();
        return;
      case 'failed':
        this.#failed(told.reason);
        return;
      case 'pong':
        return;
      case 'farewell':
        this.totals = totalsOf(told);
        this.statements = told.statements;
        return;
      default:
        pass(this, told);
    }
  }

  /** The program has been replaced under the supervisor: what both say to each other may differ. */
  #refuse(version: string | undefined): void {
    this.isOfOtherVersion = true;
    this.#failed(
      `the program is pgweir ${version ?? 'of another version'} by now, and this process pgweir ${VERSION}: restart it`,
    );
  }

  #failed(reason: string): void {
    this.#neverUp(new Error(reason));
    this.kill();
  }

  async #ended(): Promise<WorkerExit> {
    const child = this.#child;
    const exit = await new Promise<WorkerExit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
      // It could not be started at all, or it could not be sent something.
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        this.#neverUp(error);
        resolve({ code: null, signal: null });
      });
    });
    if (child.connected) {
      await new Promise<void>((resolve) => {
        child.once('disconnect', resolve);
        setTimeout(resolve, LAST_WORDS_MS);
      });
    }
    this.phase = 'gone';
    this.#clearTimers();
    this.channel.closed();
    this.#neverUp(new Error(`it ended at once: ${exit.signal ?? `exit code ${exit.code}`}`));
    return exit;
  }

  /** Another worker accepts in its place. It ends when its clients have left. */
  retire(): void {
    if (this.phase === 'gone') return;
    this.phase = 'retiring';
    this.channel.tell({ kind: 'retire' });
  }

  /** Its clients have to leave within this time. */
  leaveWithin(drainMs: number): void {
    if (this.phase === 'retiring') this.#after(drainMs, () => this.stop());
  }

  drain(until: 'clients-left' | 'links-closed'): void {
    if (this.phase === 'gone') return;
    this.phase = 'ending';
    this.channel.tell({ kind: 'drain', until });
  }

  /** Ends it, by force if need be. */
  stop(): void {
    if (this.phase === 'gone') return;
    this.phase = 'ending';
    this.channel.tell({ kind: 'stop' });
    this.#after(STOP_MS, () => this.kill());
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #after(delayMs: number, run: () => void): void {
    // Longer delays would fire at once.
    const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1));
    this.#timers.add(timer);
  }

  #clearTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

function spawnWorker({ self, start, descriptors }: SpawnOptions, passing: number): ChildProcess {
  const [program, ...args] = self;
  return spawn(program, [...args, WORKER_FLAG, String(start.number)], {
    // In the order of PASSING_DESCRIPTOR and FIRST_PORT_DESCRIPTOR; the channel is the fourth.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', passing, ...descriptors],
  });
}

function ignore(): void {
  // Nobody waits for it.
}
