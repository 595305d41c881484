import type { Logger } from '@pgweir/pooler';
import { WORKER_NUMBERS_APART } from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import type { ToldToWorker } from './messages';
import type { WorkerExit, WorkerProcess } from './worker-process';

export interface CrewNeeds {
  readonly slots: number;
  readonly log: Logger;
  readonly spawn: (place: { readonly slot: number; readonly number: number }) => WorkerProcess;
  /** A worker is gone, in whatever way. */
  readonly ended: (worker: WorkerProcess) => void;
  readonly drainTimeoutMs: () => number;
}

/** One of the places that `workers` says there are. */
interface Slot {
  readonly index: number;
  /** The worker that accepts there. */
  worker: WorkerProcess | undefined;
  /** Is to take its place. */
  successor: WorkerProcess | undefined;
  restarts: number;
  /** The pause before the next attempt. */
  backoffMs: number;
  retry: NodeJS.Timeout | undefined;
}

const BACKOFF_MIN_MS = 100;
const BACKOFF_MAX_MS = 10_000;
/** Another version of the program will not be this one soon, unless somebody takes it back. */
const OTHER_VERSION_MS = 60_000;
/** One that has lived so long did not die of what it began with. */
const SOUND_MS = 10_000;

/** The workers: one for each slot, replaced when they die or when they are told to be. */
export class Crew {
  readonly #needs: CrewNeeds;
  readonly #slots: readonly Slot[];
  readonly #living = new Set<WorkerProcess>();
  #nextNumber = 1;
  #closing = false;
  #replacing = false;
  #whenEmpty: (() => void)[] = [];

  constructor(needs: CrewNeeds) {
    this.#needs = needs;
    this.#slots = Array.from({ length: needs.slots }, (_, index) => ({
      index,
      worker: undefined,
      successor: undefined,
      restarts: 0,
      backoffMs: BACKOFF_MIN_MS,
      retry: undefined,
    }));
  }

  /** Every process that there is, those on their way out included. */
  get living(): ReadonlySet<WorkerProcess> {
    return this.#living;
  }

  byNumber(number: number): WorkerProcess | undefined {
    for (const worker of this.#living) if (worker.number === number) return worker;
    return undefined;
  }

  /** Of all slots, also of those in which nobody is just now. */
  get restarts(): number {
    return this.#slots.reduce((sum, { restarts }) => sum + restarts, 0);
  }

  restartsOf(slot: number): number {
    return this.#slots[slot]?.restarts ?? 0;
  }

  tellAll(told: ToldToWorker): void {
    for (const worker of this.#living) worker.channel.tell(told);
  }

  /** Starts one for each slot. @throws Error when one of them cannot serve */
  async startAll(): Promise<void> {
    const starting = this.#slots.map((slot) => {
      slot.worker = this.#spawn(slot);
      return slot.worker;
    });
    await Promise.all(
      starting.map((worker) =>
        worker.up.catch((error: unknown) => {
          throw new Error(`worker ${worker.number} cannot start: ${reasonOf(error)}`);
        }),
      ),
    );
  }

  #spawn(slot: Slot): WorkerProcess {
    const worker = this.#needs.spawn({ slot: slot.index, number: this.#freeNumber() });
    this.#living.add(worker);
    void worker.gone.then((exit) => this.#ended(slot, worker, exit));
    return worker;
  }

  /** Numbers grow; cancel keys tell those apart that live at the same time. */
  #freeNumber(): number {
    const taken = new Set([...this.#living].map(({ number }) => number % WORKER_NUMBERS_APART));
    while (taken.has(this.#nextNumber % WORKER_NUMBERS_APART)) this.#nextNumber++;
    return this.#nextNumber++;
  }

  #ended(slot: Slot, worker: WorkerProcess, { code, signal }: WorkerExit): void {
    this.#living.delete(worker);
    const { log } = this.#needs;
    const how = signal ?? `exit code ${code}`;
    const fields = { worker: worker.number, worker_pid: worker.pid };
    if (code === 0) log.info(`worker ${worker.number} has ended`, fields);
    else log.error(`worker ${worker.number} has ended: ${how}`, { ...fields, reason: how });
    this.#needs.ended(worker);
    if (slot.worker === worker) {
      slot.worker = undefined;
      if (Date.now() - worker.startedAtMs > SOUND_MS) slot.backoffMs = BACKOFF_MIN_MS;
      if (worker.isOfOtherVersion) slot.backoffMs = OTHER_VERSION_MS;
      if (!this.#closing && slot.successor === undefined) this.#replaceLater(slot);
    }
    if (this.#living.size > 0) return;
    for (const resolve of this.#whenEmpty.splice(0)) resolve();
  }

  #replaceLater(slot: Slot): void {
    const pauseMs = slot.backoffMs;
    slot.backoffMs = Math.min(pauseMs * 2, BACKOFF_MAX_MS);
    slot.retry = setTimeout(() => {
      slot.retry = undefined;
      slot.restarts++;
      try {
        slot.worker = this.#spawn(slot);
      } catch (error) {
        this.#needs.log.error('a worker cannot be started', { reason: reasonOf(error) });
        this.#replaceLater(slot);
        return;
      }
      const { number } = slot.worker;
      slot.worker.up.then(
        () =>
          this.#needs.log.info(`worker ${number} serves in place of one that has died`, {
            worker: number,
          }),
        (error: unknown) => {
          const fields = { worker: number, reason: reasonOf(error) };
          this.#needs.log.error(`worker ${number} cannot start: ${fields.reason}`, fields);
        },
      );
    }, pauseMs);
  }

  /**
   * Replaces every worker, one after the other: a new one serves the same ports before the old one
   * stops to accept. The old ones end when their clients have left.
   *
   * @returns what stood in the way; undefined: every worker has been replaced
   */
  async replaceAll(): Promise<string | undefined> {
    if (this.#closing) return 'the daemon is shutting down';
    if (this.#replacing) return 'the workers are being replaced already';
    this.#replacing = true;
    const before = [...this.#living];
    try {
      for (const slot of this.#slots) {
        const problem = await this.#replace(slot);
        if (problem !== undefined) {
          const message = `the workers are not replaced any further: ${problem}`;
          if (this.#closing) this.#needs.log.info(message, { reason: problem });
          else this.#needs.log.error(message, { reason: problem });
          return problem;
        }
      }
      this.#needs.log.info('every worker has been replaced');
      return undefined;
    } finally {
      this.#replacing = false;
      // Only now: who asked for it may be a client of the first one.
      const drainMs = this.#needs.drainTimeoutMs();
      for (const worker of before) if (drainMs > 0) worker.leaveWithin(drainMs);
    }
  }

  async #replace(slot: Slot): Promise<string | undefined> {
    clearTimeout(slot.retry);
    slot.retry = undefined;
    try {
      const fresh = this.#spawn(slot);
      slot.successor = fresh;
      await fresh.up;
      if (this.#closing) return 'the daemon is shutting down';
      const old = slot.worker;
      slot.worker = fresh;
      slot.backoffMs = BACKOFF_MIN_MS;
      this.#needs.log.info(`worker ${fresh.number} serves`, {
        worker: fresh.number,
        slot: slot.index,
      });
      old?.retire();
      return undefined;
    } catch (error) {
      if (this.#closing) return 'the daemon is shutting down';
      return `a new worker cannot start: ${reasonOf(error)}`;
    } finally {
      const lost = slot.worker === undefined && !this.#closing;
      slot.successor = undefined;
      if (lost) this.#replaceLater(slot);
    }
  }

  /** From now on nobody is replaced. Resolves when all are gone. */
  close(): Promise<void> {
    this.#closing = true;
    for (const slot of this.#slots) clearTimeout(slot.retry);
    if (this.#living.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}
