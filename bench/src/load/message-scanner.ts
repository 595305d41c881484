const HEADER_BYTES = 5;
const ERROR = 'E'.charCodeAt(0);

/** Told of each message as soon as it is complete. */
export interface MessageSink {
  /** `bytes`: of the whole message. */
  message(tag: number, bytes: number): void;
  /** An ErrorResponse, as text. */
  error(text: string): void;
}

/** Finds messages in a stream from the server, without keeping what they carry. */
export class MessageScanner {
  readonly #sink: MessageSink;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** Of the message whose header is complete. */
  #bodyBytes = 0;
  #bodyLeft = 0;
  /** The body so far, of errors alone. */
  #errorParts: Buffer[] = [];

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  /** `chunk` may begin and end anywhere. It is not kept. */
  scan(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerBytes < HEADER_BYTES) {
        at = this.#scanHeader(chunk, at);
        if (this.#headerBytes < HEADER_BYTES) return;
      }
      const part = Math.min(this.#bodyLeft, chunk.length - at);
      if (this.#header[0] === ERROR) {
        this.#errorParts.push(Buffer.from(chunk.subarray(at, at + part)));
      }
      this.#bodyLeft -= part;
      at += part;
      if (this.#bodyLeft > 0) return;
      this.#complete();
    }
  }

  #scanHeader(chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + HEADER_BYTES - this.#headerBytes);
    chunk.copy(this.#header, this.#headerBytes, from, end);
    this.#headerBytes += end - from;
    if (this.#headerBytes === HEADER_BYTES) {
      this.#bodyBytes = this.#header.readInt32BE(1) - 4;
      this.#bodyLeft = this.#bodyBytes;
    }
    return end;
  }

  #complete(): void {
    this.#headerBytes = 0;
    if (this.#header[0] !== ERROR) {
      this.#sink.message(this.#header[0] ?? 0, HEADER_BYTES + this.#bodyBytes);
      return;
    }
    const body = Buffer.concat(this.#errorParts).toString('utf8');
    this.#errorParts = [];
    this.#sink.error(body.split('\0').filter(Boolean).join(' '));
  }
}
