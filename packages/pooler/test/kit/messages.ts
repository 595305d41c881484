import { FrameReader } from '@pgweir/protocol';

/** One frame: tag character and body. */
export interface Message {
  readonly tag: string;
  readonly body: Buffer;
}

/** A message put together by hand. */
export function frame(tag: string, body: Buffer | string = ''): Buffer {
  const bytes = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(tag, 0, 'latin1');
  header.writeInt32BE(bytes.length + 4, 1);
  return Buffer.concat([header, bytes]);
}

export const query = (sql: string): Buffer => frame('Q', `${sql}\0`);
export const parse = (sql: string, name = ''): Buffer => frame('P', `${name}\0${sql}\0\0\0`);
export const bind = (): Buffer => frame('B', Buffer.alloc(8));
export const describe = (): Buffer => frame('D', 'P\0');
/** Of a statement with this name. */
export const bound = (name: string): Buffer => frame('B', `\0${name}\0\0\0\0\0\0\0`);
export const describeStatement = (name: string): Buffer => frame('D', `S${name}\0`);
export const execute = (): Buffer => frame('E', Buffer.alloc(5));
export const sync = (): Buffer => frame('S');
export const flush = (): Buffer => frame('H');
export const copyData = (text: string): Buffer => frame('d', text);
export const copyDone = (): Buffer => frame('c');
export const copyFail = (reason = 'no'): Buffer => frame('f', `${reason}\0`);
export const terminate = (): Buffer => frame('X');
/** Parse, Bind, Execute; no Sync. */
export const extended = (sql: string): Buffer => Buffer.concat([parse(sql), bind(), execute()]);
export const copyInResponse = (): Buffer => frame('G', Buffer.from([0, 0, 0]));
export const notification = (channel: string): Buffer =>
  frame('A', Buffer.concat([Buffer.alloc(4), Buffer.from(`${channel}\0payload\0`)]));

/** Cuts a byte stream into messages, whatever its chunks. */
export class MessageStream {
  readonly messages: Message[] = [];
  readonly #reader = new FrameReader(1 << 30);
  #body: Buffer[] = [];

  push(bytes: Buffer): readonly Message[] {
    const before = this.messages.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.#reader.bodyLeft === 0) {
        at = this.#reader.readHeader(bytes, at, bytes.length);
        if (at < 0) break;
      }
      const end = this.#reader.takeBody(at, bytes.length);
      this.#body.push(Buffer.from(bytes.subarray(at, end)));
      at = end;
      if (this.#reader.bodyLeft > 0) break;
      const tag = String.fromCharCode(this.#reader.tag);
      this.messages.push({ tag, body: Buffer.concat(this.#body) });
      this.#body = [];
    }
    return this.messages.slice(before);
  }

  get atBoundary(): boolean {
    return this.#reader.atBoundary;
  }
}

/** Cuts `bytes` after every `size` bytes. */
export function chunked(bytes: Buffer, size: number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}
