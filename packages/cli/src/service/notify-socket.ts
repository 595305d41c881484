import type { Logger } from '@pgweir/pooler';
import { DatagramSender } from '../system-calls';
import { errorCode, reasonOf } from '../system-error';

/** How long to wait when the other side is behind, and how many messages may wait. */
const RETRY_MS = 100;
const WAITING_MAX = 32;

/**
 * The socket of the service manager. It never blocks and never throws: what cannot be told is logged,
 * once for each time that it begins to fail.
 */
export class NotifySocket {
  readonly #sender: DatagramSender;
  readonly #log: Logger;
  readonly #waiting: string[] = [];
  #retry: NodeJS.Timeout | undefined;
  #fails = false;

  private constructor(sender: DatagramSender, log: Logger) {
    this.#sender = sender;
    this.#log = log;
  }

  /** @returns undefined where that cannot be done; the log says why */
  static open(path: string, log: Logger): NotifySocket | undefined {
    try {
      if (!/^[/@]/.test(path)) throw new Error(`${path} is no Unix socket`);
      return new NotifySocket(new DatagramSender(path), log);
    } catch (error) {
      log.warn('the service manager is not told anything', { reason: reasonOf(error) });
      return undefined;
    }
  }

  /** Told for sure, in order: a little later if the other side is behind. */
  tell(message: string): void {
    if (this.#waiting.length === WAITING_MAX) this.#waiting.shift();
    this.#waiting.push(message);
    if (this.#retry === undefined) this.#flush();
  }

  /** Told now, or not at all: the next one says the same. */
  mention(message: string): void {
    if (this.#waiting.length === 0) this.#send(message);
  }

  #flush(): void {
    this.#retry = undefined;
    for (let message = this.#waiting[0]; message !== undefined; message = this.#waiting[0]) {
      if (this.#send(message) === 'later') {
        this.#retry = setTimeout(() => this.#flush(), RETRY_MS);
        this.#retry.unref();
        return;
      }
      this.#waiting.shift();
    }
  }

  #send(message: string): 'sent' | 'later' | 'lost' {
    try {
      this.#sender.send(message);
      this.#fails = false;
      return 'sent';
    } catch (error) {
      if (errorCode(error) === 'EAGAIN') return 'later';
      if (!this.#fails) {
        this.#log.warn('the service manager cannot be told', { reason: reasonOf(error) });
      }
      this.#fails = true;
      return 'lost';
    }
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#waiting.length = 0;
    this.#sender.close();
  }
}
