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
  /** The last line has gone out in part. */
  #isCut = false;

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

  /** `noticeOf`: the line that says how many before this one could not be written. */
  write(line: string, noticeOf: (lost: number) => string = plainNotice): void {
    const lost = this.#lost;
    const notice = lost > 0 ? noticeOf(lost) : '';
    const lineEnd = this.#isCut ? '\n' : '';
    if (this.#writeAll(Buffer.from(lineEnd + notice + line))) this.#lost = 0;
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
        if (errorCode(error) !== 'EAGAIN') break;
        tries += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
      }
    }
    // Where nothing has gone out it is as it was.
    if (rest.length < bytes.length) this.#isCut = rest.length > 0;
    return rest.length === 0;
  }
}

function plainNotice(lost: number): string {
  return `(${lost} lines could not be written here)\n`;
}
