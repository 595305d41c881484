import { closeSync, openSync, writeSync } from 'node:fs';
import { errorCode } from '../system-error';

/** How often and how long to wait for a pipe whose reader is slow, before a line is given up. */
const FULL_PIPE_TRIES = 50;
const FULL_PIPE_WAIT_MS = 2;

/**
 * Writes whole lines to a descriptor, synchronously: a line is out before the next thing happens, so
 * none is lost at exit. Never throws: a log that cannot be written must not stop the traffic.
 */
export class LineFile {
  #descriptor: number;
  readonly #path: string | undefined;
  #lost = 0;

  private constructor(descriptor: number, path: string | undefined) {
    this.#descriptor = descriptor;
    this.#path = path;
  }

  static stderr(): LineFile {
    return new LineFile(2, undefined);
  }

  static stdout(): LineFile {
    return new LineFile(1, undefined);
  }

  /** Opens for appending. @throws the system's error */
  static open(path: string): LineFile {
    return new LineFile(openSync(path, 'a', 0o644), path);
  }

  get path(): string | undefined {
    return this.#path;
  }

  /** Opens the path again, after a rotation. The old file stays when that fails. @throws as `open` */
  reopen(): void {
    if (this.#path === undefined) return;
    const fresh = openSync(this.#path, 'a', 0o644);
    closeSync(this.#descriptor);
    this.#descriptor = fresh;
  }

  write(line: string): void {
    const lost = this.#lost;
    const notice = lost > 0 ? `(${lost} lines could not be written here)\n` : '';
    if (this.#writeAll(Buffer.from(notice + line))) this.#lost = 0;
    else this.#lost = lost + 1;
  }

  close(): void {
    if (this.#path !== undefined) closeSync(this.#descriptor);
  }

  #writeAll(bytes: Buffer): boolean {
    let rest = bytes;
    for (let tries = 0; rest.length > 0 && tries < FULL_PIPE_TRIES; ) {
      try {
        rest = rest.subarray(writeSync(this.#descriptor, rest));
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN') return false;
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
      }
    }
    return rest.length === 0;
  }
}
