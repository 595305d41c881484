import { decodeNotice, type NoticeFields, startupPacket } from '@pgweir/protocol';
import type { FakeWire, Peer } from './fake-wire';
import { type Message, MessageStream } from './messages';

/** A client of the pooler, message for message. */
export class TestClient implements Peer {
  readonly wire: FakeWire;
  /** Everything that it was sent. */
  output: Buffer = Buffer.alloc(0);
  /** The pooler has sent FIN or dropped the connection. */
  closed = false;
  #from = 0;
  readonly #stream = new MessageStream();

  constructor(wire: FakeWire) {
    this.wire = wire;
    wire.peer = this;
  }

  start(parameters: Readonly<Record<string, string>>, minor = 0): void {
    this.send(startupPacket(Object.entries(parameters), { major: 3, minor }));
  }

  send(...parts: readonly Buffer[]): void {
    this.wire.arrive(Buffer.concat(parts));
  }

  /** Closes without a word. */
  hangUp(): void {
    this.wire.arriveEnd();
  }

  wrote(bytes: Buffer): void {
    this.output = Buffer.concat([this.output, bytes]);
    this.#stream.push(bytes);
  }

  finished(): void {
    this.closed = true;
    this.wire.arriveEnd();
  }

  gone(): void {
    this.closed = true;
  }

  get messages(): readonly Message[] {
    return this.#stream.messages;
  }

  get atBoundary(): boolean {
    return this.#stream.atBoundary;
  }

  /** The messages since `forget`. */
  get recent(): readonly Message[] {
    return this.messages.slice(this.#from);
  }

  /** Tags of the messages since `forget`. */
  get tags(): string {
    return this.recent.map(({ tag }) => tag).join('');
  }

  /** What came so far is of no interest any more. */
  forget(): void {
    this.#from = this.messages.length;
  }

  /** Errors since `forget`. */
  get errors(): readonly NoticeFields[] {
    return this.#notices('E');
  }

  get notices(): readonly NoticeFields[] {
    return this.#notices('N');
  }

  /** SQLSTATE of the only error since `forget`; undefined when there was none. */
  get sqlState(): string | undefined {
    const { errors } = this;
    if (errors.length > 1) throw new Error(`${errors.length} errors where one was expected`);
    return errors[0]?.code;
  }

  /** The cancel identity from its welcome. */
  get identity(): { readonly processId: number; readonly key: Buffer } {
    const message = this.messages.find(({ tag }) => tag === 'K');
    if (message === undefined) throw new Error('no BackendKeyData yet');
    return { processId: message.body.readInt32BE(0), key: message.body.subarray(4) };
  }

  #notices(wanted: string): readonly NoticeFields[] {
    return this.recent.filter(({ tag }) => tag === wanted).map(({ body }) => decodeNotice(body));
  }
}
