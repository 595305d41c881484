import type { Logger } from '@pgweir/pooler';
import type { WorkerProcess } from './worker-process';

const PERIOD_MAX_MS = 1000;
const PERIOD_MIN_MS = 20;

/** Asks every worker for a sign of life now and then, and kills those that give none. */
export class Heartbeat {
  readonly #living: () => Iterable<WorkerProcess>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(living: () => Iterable<WorkerProcess>, log: Logger) {
    this.#living = living;
    this.#log = log;
  }

  /** Begins (again). `limitMs` 0: workers may be silent. */
  restart(limitMs: number): void {
    this.stop();
    if (limitMs === 0) return;
    const periodMs = Math.min(PERIOD_MAX_MS, Math.max(PERIOD_MIN_MS, limitMs / 4));
    let dueMs = performance.now() + periodMs;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      const lateMs = nowMs - dueMs;
      dueMs = nowMs + periodMs;
      this.#beat({ limitMs, nowMs, deafMs: lateMs > periodMs ? lateMs : 0 });
    }, periodMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** `deafMs`: we have been stopped for so long, and heard nobody whatever they said. */
  #beat({ limitMs, nowMs, deafMs }: Record<'limitMs' | 'nowMs' | 'deafMs', number>): void {
    for (const worker of this.#living()) {
      // A start has a limit of its own.
      if (worker.phase === 'starting') continue;
      worker.heardAtMs += deafMs;
      if (nowMs - worker.heardAtMs > limitMs) {
        this.#log.error(`worker ${worker.number} gives no sign of life and is killed`, {
          worker: worker.number,
          worker_pid: worker.pid,
          silent_ms: Math.round(nowMs - worker.heardAtMs),
        });
        worker.kill();
      } else {
        worker.channel.tell({ kind: 'ping' });
      }
    }
  }
}
