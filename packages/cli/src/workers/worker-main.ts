import { type Grammar, isBudgetMessage, loadGrammar } from '@pgweir/pooler';
import { endUnlessRenewed } from '../system-calls';
import { reasonOf, stackOf } from '../system-error';
import { VERSION } from '../version';
import { Channel, type ChannelEnd } from './channel';
import type {
  AskedOfSupervisor,
  AskedOfWorker,
  ToldToSupervisor,
  ToldToWorker,
  WorkerStart,
} from './messages';
import { Worker } from './worker';

/** A terminal sends these to every process of the group; what is to be done, the supervisor says. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/**
 * One that hangs, with nobody left to kill it, ends by itself. Long, for the supervisor is to decide by
 * `worker_hang_timeout`, and knows more.
 */
const SELF_WATCH_S = 120;
const SELF_WATCH_RENEW_MS = 5_000;
/** How long the last words may take. */
const FAREWELL_MS = 1000;

/**
 * Runs this process as a worker of the supervisor that started it, and ends with that: nobody else
 * keeps its links within the caps.
 *
 * @returns the exit code
 */
export async function runWorker(): Promise<number> {
  if (process.send === undefined) {
    process.stderr.write('pgweir: workers are started by pgweir itself\n');
    return 1;
  }
  for (const signal of SIGNALS) process.on(signal, ignored);
  // First, because whatever is told to a worker after its hello must find it there.
  const grammar = await loadGrammar();
  if (!process.connected) return 1;
  return await new Promise((resolve) => new WorkerMain(resolve, grammar));
}

function ignored(): void {
  // The supervisor has got it as well.
}

/** The end of the channel in a worker. */
const supervisor: ChannelEnd = {
  get connected() {
    return process.connected;
  },
  send(message, sent) {
    // An error means that the supervisor is gone, of which 'disconnect' tells as well.
    process.send?.(message, undefined, undefined, () => sent());
  },
  onMessage(received) {
    process.on('message', received);
  },
};

class WorkerMain {
  readonly #channel: Channel<AskedOfSupervisor, AskedOfWorker, ToldToSupervisor, ToldToWorker>;
  readonly #exit: (code: number) => void;
  readonly #grammar: Grammar;
  readonly #started: Promise<Worker>;
  #start: (start: WorkerStart) => void = ignored;
  /** Whether it may begin: once, and not any more when it was told to leave before. */
  #beginning: 'awaited' | 'begun' | 'refused' = 'awaited';
  #worker: Worker | undefined;

  constructor(exit: (code: number) => void, grammar: Grammar) {
    this.#exit = exit;
    this.#grammar = grammar;
    this.#channel = new Channel<AskedOfSupervisor, AskedOfWorker, ToldToSupervisor, ToldToWorker>(
      supervisor,
      {
        answers: {
          snapshot: async ({ parts }) => (await this.#started).snapshot(parts),
          traffic: async (ask) => (await this.#started).traffic(ask),
          leases: async (of) => (await this.#started).countLeases(of),
          cancel: async ({ processId, key }) =>
            (await this.#started).cancel({ processId, key: Buffer.from(key, 'hex') }),
          configure: async (configuration) => (await this.#started).configure(configuration),
        },
        told: (told) => this.#told(told),
      },
    );
    const start = new Promise<WorkerStart>((resolve) => {
      this.#start = resolve;
    });
    this.#started = start.then((known) => this.#run(known));
    this.#started.catch((error: unknown) => void this.#failed(error));
    process.on('disconnect', () => void this.#end());
    process.on('uncaughtException', (error) => this.#crash(error));
    this.#renew();
    setInterval(() => this.#renew(), SELF_WATCH_RENEW_MS).unref();
    this.#channel.tell({ kind: 'hello', version: VERSION });
  }

  #renew(): void {
    endUnlessRenewed(this.#worker?.mayHang === true ? 0 : SELF_WATCH_S);
  }

  async #run(start: WorkerStart): Promise<Worker> {
    const worker = new Worker(start, this.#channel, this.#grammar);
    this.#worker = worker;
    await worker.listen();
    this.#channel.tell({ kind: 'up' });
    return worker;
  }

  async #failed(error: unknown): Promise<void> {
    await this.#lastWords({ kind: 'failed', reason: reasonOf(error) });
    this.#exit(1);
  }

  #crash(error: unknown): void {
    if (this.#worker === undefined) process.stderr.write(`pgweir: ${stackOf(error)}\n`);
    else this.#worker.crashed(error);
    process.exit(1);
  }

  #told(told: ToldToWorker): void {
    if (isBudgetMessage(told)) {
      // Every message of the budget that comes this way is meant for a worker.
      this.#worker?.budget.received(told as Extract<ToldToWorker, { version: number }>);
      return;
    }
    switch (told.kind) {
      case 'start':
        if (this.#beginning !== 'awaited') return;
        this.#beginning = 'begun';
        this.#start(told.start);
        return;
      case 'ping':
        this.#channel.tell({ kind: 'pong' });
        return;
      case 'reopen-log':
        this.#worker?.reopenLog();
        return;
      case 'other-clients':
        this.#worker?.setOtherClients(told.others);
        return;
      case 'welcomes':
        this.#worker?.welcomesHeard(told);
        return;
      case 'tokens':
        this.#worker?.tokensHeard(told);
        return;
      case 'topology':
        this.#worker?.topologyHeard(told);
        return;
      case 'positions':
        this.#worker?.positionsHeard(told);
        return;
      case 'retire':
        void this.#leave((worker) => worker.retire());
        return;
      case 'drain':
        void this.#leave((worker) => worker.drain(told.until));
        return;
      case 'stop':
        void this.#end();
        return;
    }
  }

  /** Ends when `wait` is over; at once when it has not begun to serve. */
  async #leave(wait: (worker: Worker) => Promise<void>): Promise<void> {
    const worker = await this.#begun();
    if (worker !== undefined) await wait(worker);
    await this.#end();
  }

  /** The worker, when all its ports are open. Undefined: it does not begin any more, or has failed. */
  #begun(): Promise<Worker | undefined> {
    if (this.#beginning === 'begun') return this.#started.catch(() => undefined);
    this.#beginning = 'refused';
    return Promise.resolve(undefined);
  }

  async #end(): Promise<void> {
    // Should anything below hang: without a supervisor nobody else would end this process.
    setTimeout(() => process.exit(1), 3 * FAREWELL_MS).unref();
    const worker = await this.#begun();
    if (worker === undefined) {
      // One that has failed ends with a reason.
      if (this.#beginning === 'refused') this.#exit(0);
      return;
    }
    const farewell = await worker.stop();
    if (farewell === undefined) return;
    await this.#lastWords(farewell);
    this.#exit(0);
  }

  /** Tells something, and waits until it has gone out. */
  #lastWords(told: ToldToSupervisor): Promise<void> {
    return new Promise((resolve) => {
      setTimeout(resolve, FAREWELL_MS).unref();
      if (process.connected) this.#channel.tell(told, resolve);
      else resolve();
    });
  }
}
