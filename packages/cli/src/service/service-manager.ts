import type { Logger } from '@pgweir/pooler';
import { monotonicUs } from '../system-calls';
import { NotifySocket } from './notify-socket';
import type { ServiceEnvironment } from './service-environment';

type Phase = 'starting' | 'ready' | 'reloading' | 'stopping';

/** What is told when, and after what: anything else comes too early or too late, and is left out. */
const BEFORE: Readonly<Record<Phase, readonly Phase[]>> = {
  starting: [],
  ready: ['starting', 'reloading'],
  reloading: ['ready'],
  stopping: ['starting', 'ready', 'reloading'],
};

/**
 * Tells the service manager (systemd) how the daemon is, as `sd_notify(3)` has it. Where there is none,
 * nothing happens. Only the process that was started tells anything, never a worker.
 */
export class ServiceManager {
  /** Undefined: nobody wants to know. */
  readonly #socket: NotifySocket | undefined;
  readonly #watchdogMs: number | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #phase: Phase = 'starting';

  constructor({ notifySocket, watchdogMs }: ServiceEnvironment, log: Logger) {
    this.#socket = notifySocket === undefined ? undefined : NotifySocket.open(notifySocket, log);
    this.#watchdogMs = watchdogMs;
  }

  /** Every port is open. Starts the signs of life, which go on until the process ends. */
  ready(): void {
    if (!this.#enter('ready')) return;
    const socket = this.#socket;
    socket?.tell('READY=1');
    if (socket === undefined || this.#watchdogMs === undefined) return;
    this.#watchdog ??= setInterval(() => socket.mention('WATCHDOG=1'), this.#watchdogMs / 2);
    this.#watchdog.unref();
  }

  /** A reload begins; `reloaded` follows. */
  reloading(): void {
    if (this.#enter('reloading') && this.#socket !== undefined) {
      this.#socket.tell(reloadingMessage(monotonicUs()));
    }
  }

  /** The reload that `reloading` has told of is over, whatever came of it. */
  reloaded(): void {
    if (this.#phase === 'reloading') this.ready();
  }

  /** It ends, now or when everybody has left. */
  stopping(): void {
    if (this.#enter('stopping')) this.#socket?.tell('STOPPING=1');
  }

  /** One line about how it goes. */
  status(line: string): void {
    this.#socket?.mention(`STATUS=${line}`);
  }

  close(): void {
    clearInterval(this.#watchdog);
    this.#socket?.close();
  }

  /** @returns false: it does not follow on what was told before */
  #enter(next: Phase): boolean {
    if (!BEFORE[next].includes(this.#phase)) return false;
    this.#phase = next;
    return true;
  }
}

/** With the time, by which `Type=notify-reload` tells this reload from earlier ones. */
function reloadingMessage(nowUs: bigint): string {
  return `RELOADING=1\nMONOTONIC_USEC=${nowUs}`;
}
