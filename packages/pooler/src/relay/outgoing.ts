import type { Link } from '../backend/link';
import { copyBytes } from './copy-bytes';

const HEADER_BYTES = 5;
const LENGTH_BYTES = 4;
const SCRATCH_BYTES = 64 * 1024;

/**
 * Puts together what goes to a link in one write: stretches of the client's chunk and frames that were
 * changed or added. As long as nothing is changed, the chunk itself goes out and nothing is copied.
 *
 * One is enough for a process: it is filled and sent within one call.
 */
export class Outgoing {
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #length = 0;
  #link: Link | undefined;
  #keptUp = true;
  #source: Buffer = this.#scratch;
  #runStart = 0;
  #runEnd = 0;

  /** Begins with a chunk, for a link if there is one yet. */
  begin(source: Buffer, link: Link | undefined): void {
    this.#source = source;
    this.#link = link;
    this.#runStart = 0;
    this.#runEnd = 0;
    this.#length = 0;
    this.#keptUp = true;
  }

  /** Where it goes, if that is known. */
  get link(): Link | undefined {
    return this.#link;
  }

  set link(link: Link) {
    this.#link = link;
  }

  /** The chunk goes out up to `end`. */
  passTo(end: number): void {
    this.#runEnd = end;
  }

  /** The chunk does not go out from here up to `end`. */
  skipTo(end: number): void {
    this.#copyRun();
    this.#runStart = end;
    this.#runEnd = end;
  }

  /** Adds a frame with a tag and a body made of these parts. */
  frame(tag: number, ...parts: readonly Buffer[]): void {
    let length = 0;
    for (const part of parts) length += part.length;
    this.header(tag, length);
    for (const part of parts) this.bytes(part, 0, part.length);
  }

  /** Adds the header of a frame whose body has `bodyLength` bytes. */
  header(tag: number, bodyLength: number): void {
    this.#copyRun();
    if (this.#length + HEADER_BYTES > SCRATCH_BYTES) this.#flush();
    const scratch = this.#scratch;
    const length = bodyLength + LENGTH_BYTES;
    scratch[this.#length++] = tag;
    scratch[this.#length++] = length >>> 24;
    scratch[this.#length++] = length >>> 16;
    scratch[this.#length++] = length >>> 8;
    scratch[this.#length++] = length;
  }

  bytes(source: Buffer, start: number, end: number): void {
    this.#copyRun();
    this.#append(source, start, end);
  }

  /** Sends everything. @returns false when the link does not keep up */
  send(): boolean {
    if (this.#length === 0) this.#write(this.#source, this.#runStart, this.#runEnd);
    else {
      this.#copyRun();
      this.#flush();
    }
    this.#runStart = this.#runEnd;
    this.#source = this.#scratch;
    this.#link = undefined;
    return this.#keptUp;
  }

  #copyRun(): void {
    if (this.#runStart === this.#runEnd) return;
    const start = this.#runStart;
    this.#runStart = this.#runEnd;
    this.#append(this.#source, start, this.#runEnd);
  }

  #append(source: Buffer, start: number, end: number): void {
    if (this.#length + end - start > SCRATCH_BYTES) this.#flush();
    if (end - start > SCRATCH_BYTES) {
      this.#write(source, start, end);
      return;
    }
    copyBytes(source, start, end, this.#scratch, this.#length);
    this.#length += end - start;
  }

  #flush(): void {
    const length = this.#length;
    this.#length = 0;
    this.#write(this.#scratch, 0, length);
  }

  #write(bytes: Buffer, start: number, end: number): void {
    if (start >= end || this.#link === undefined) return;
    if (!this.#link.write(bytes, start, end)) this.#keptUp = false;
  }
}
