import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { FrameReader } from '@pgweir/protocol';
import { type BackendMessage, describeMessage } from './backend-message';
import { frame } from './frame';
import { type LoginOptions, type LoginResult, login } from './login';

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');
/** A message longer than PostgreSQL itself sends means that the stream is lost. */
const BODY_BYTES_MAX = 0x3fffffff;
const DEADLINE_MS = 10_000;
const ERROR_TAG = 0x45;

export type RawTarget =
  | { readonly host: string; readonly port: number }
  /** A Unix socket's path. */
  | { readonly path: string };

export interface RawOptions {
  /**
   * TLS before the first message: after an SSLRequest (which must be answered with `S`), or at once
   * with ALPN `postgresql`. Certificates are not verified unless `options` say so. Default: none.
   */
  readonly tls?: { readonly start: 'request' | 'direct'; readonly options?: ConnectionOptions };
}

export interface UntilOptions {
  /** Default 10,000. */
  readonly deadlineMs?: number;
}

type Condition = string | ((message: BackendMessage) => boolean);

type Waiter = { readonly check: () => void };

/**
 * A client that sends exactly the bytes it is given and keeps every message that comes back. For
 * tests of what no driver would do.
 *
 * Whoever connects must `end` or `destroy` it.
 */
export class RawClient {
  /** All messages so far, oldest first; see `forget`. */
  readonly messages: BackendMessage[] = [];
  /** Resolves when the connection is gone, whoever closed it, with the socket's error if it had one. */
  readonly closed: Promise<Error | undefined>;
  #socket: Socket;
  /** Node.js cannot reset a Unix socket, nor a connection that has TLS. */
  #resettable: boolean;
  readonly #reader = new FrameReader(BODY_BYTES_MAX);
  #body: Buffer[] = [];
  /** Messages before this index have been given out by `until`. */
  #given = 0;
  #isClosed = false;
  #failure: Error | undefined;
  readonly #waiters = new Set<Waiter>();
  readonly #onClosed: (error: Error | undefined) => void;
  /** Set while a byte outside any message is expected: the answer to an SSLRequest. */
  #onByte: ((byte: number) => void) | undefined;

  private constructor(socket: Socket, { resettable }: { readonly resettable: boolean }) {
    this.#resettable = resettable;
    let onClosed: (error: Error | undefined) => void = () => undefined;
    this.closed = new Promise((resolve) => {
      onClosed = resolve;
    });
    this.#onClosed = onClosed;
    this.#socket = socket;
    this.#listen(socket);
  }

  /** @throws Error when nobody listens, or TLS was asked for and refused */
  static async connect(target: RawTarget, options: RawOptions = {}): Promise<RawClient> {
    const socket = connectTcp(target);
    await connected(socket, 'connect');
    socket.setNoDelay(true);
    const client = new RawClient(socket, { resettable: !('path' in target) });
    if (options.tls === undefined) return client;
    try {
      if (options.tls.start === 'request') {
        const answer = await client.exchangeByte(SSL_REQUEST);
        if (answer !== 'S') throw new Error(`SSLRequest was answered with ${answer}`);
      }
      await client.startTls(options.tls.options);
    } catch (error) {
      client.destroy();
      throw error;
    }
    return client;
  }

  /** The socket below: its addresses, or its TLS state once `startTls` has ended. */
  get socket(): Socket {
    return this.#socket;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(...parts: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** As `send`, and resolves when the operating system has taken the bytes. */
  flushed(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error == null ? resolve() : reject(error)));
    });
  }

  /**
   * Sends `bytes` and gives the single byte (as a character) that comes back outside any message. An
   * `E` begins an ErrorResponse, which then stands in `messages`.
   */
  async exchangeByte(bytes: Buffer): Promise<string> {
    let answer: string | undefined;
    this.#onByte = (byte) => {
      answer = String.fromCharCode(byte);
    };
    this.send(bytes);
    return await this.#deadline('a byte', DEADLINE_MS, (resolve) => {
      if (answer !== undefined) resolve(answer);
    });
  }

  /** Wraps the connection into TLS, offering ALPN `postgresql`. */
  async startTls(options: ConnectionOptions = {}): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners();
    this.#resettable = false;
    const secure = connectTls({
      socket: plain,
      ALPNProtocols: ['postgresql'],
      rejectUnauthorized: false,
      ...options,
    });
    this.#socket = secure;
    this.#listen(secure);
    await connected(secure, 'secureConnect');
  }

  /**
   * Startup packet and authentication, until ReadyForQuery. Parameters and the cancel key come back.
   *
   * @throws BackendError when the server says no
   */
  async login(options: LoginOptions): Promise<LoginResult> {
    return await login(this, options);
  }

  /**
   * Waits for a message with this tag (one character) or that fulfils the predicate, among those that
   * no earlier `until` gave.
   *
   * @returns the messages up to and with it
   * @throws Error saying what came instead, when the deadline passes or the connection ends
   */
  async until(condition: Condition, options: UntilOptions = {}): Promise<BackendMessage[]> {
    const fits = typeof condition === 'string' ? hasTag(condition) : condition;
    const what = typeof condition === 'string' ? `message ${condition}` : 'a message';
    let looked = this.#given;
    return await this.#deadline(what, options.deadlineMs ?? DEADLINE_MS, (resolve) => {
      for (; looked < this.messages.length; looked++) {
        const message = this.messages[looked];
        if (message === undefined || !fits(message)) continue;
        const from = this.#given;
        this.#given = looked + 1;
        resolve(this.messages.slice(from, this.#given));
        return;
      }
    });
  }

  /** The messages that no `until` has given, without waiting for more. */
  rest(): BackendMessage[] {
    const from = this.#given;
    this.#given = this.messages.length;
    return this.messages.slice(from);
  }

  /** A simple query; all messages up to ReadyForQuery. */
  async query(sql: string, options: UntilOptions = {}): Promise<BackendMessage[]> {
    this.send(frame('Q', Buffer.from(`${sql}\0`)));
    return await this.until('Z', options);
  }

  /** Drops the messages that `until` has given out, so that long runs stay small. */
  forget(): void {
    this.messages.splice(0, this.#given);
    this.#given = 0;
  }

  /** Stops reading from the socket: a client that does not take what the server sends. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Terminate, then waits for the other side's close. */
  async end(): Promise<void> {
    if (!this.#isClosed) this.#socket.end(frame('X', Buffer.alloc(0)));
    this.#socket.resume();
    const timer = setTimeout(() => this.destroy(), DEADLINE_MS);
    await this.closed;
    clearTimeout(timer);
  }

  /** Closes at once and says nothing; with `reset`, as a peer that vanishes (RST; over plain TCP only). */
  destroy(how: 'close' | 'reset' = 'close'): void {
    if (how === 'reset' && this.#resettable) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk) => this.#onData(chunk));
    socket.on('error', (error) => {
      this.#failure = error;
    });
    socket.on('close', () => {
      this.#isClosed = true;
      this.#onClosed(this.#failure);
      this.#wake();
    });
  }

  #onData(chunk: Buffer): void {
    let at = 0;
    if (this.#onByte !== undefined && chunk.length > 0) {
      const onByte = this.#onByte;
      this.#onByte = undefined;
      const byte = chunk[0] ?? 0;
      onByte(byte);
      at = byte === ERROR_TAG ? 0 : 1;
    }
    try {
      while (at < chunk.length) at = this.#read(chunk, at);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#socket.destroy();
    }
    this.#wake();
  }

  #read(chunk: Buffer, at: number): number {
    const reader = this.#reader;
    let next = at;
    if (reader.bodyLeft === 0) {
      next = reader.readHeader(chunk, at, chunk.length);
      if (next < 0) return chunk.length;
    }
    const end = reader.takeBody(next, chunk.length);
    if (end > next) this.#body.push(chunk.subarray(next, end));
    if (reader.bodyLeft === 0) {
      const body = Buffer.concat(this.#body);
      this.#body = [];
      this.messages.push({ tag: String.fromCharCode(reader.tag), body });
    }
    return end;
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter.check();
  }

  /** Runs `look` now and after every event, until it resolves, the connection ends, or time is up. */
  #deadline<T>(
    what: string,
    limitMs: number,
    look: (resolve: (value: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let isDone = false;
      const finish = (): void => {
        isDone = true;
        clearTimeout(timer);
        this.#waiters.delete(waiter);
      };
      const fail = (why: string): void => {
        finish();
        const came = this.messages.slice(this.#given).slice(-10).map(describeMessage).join('; ');
        reject(
          new Error(`${why} while waiting for ${what}; came: ${came || 'nothing'}`, {
            cause: this.#failure,
          }),
        );
      };
      const timer = setTimeout(() => fail(`${limitMs} ms passed`), limitMs);
      const succeed = (value: T): void => {
        finish();
        resolve(value);
      };
      const waiter: Waiter = {
        check: () => {
          look(succeed);
          if (!isDone && this.#isClosed) fail('the connection ended');
        },
      };
      this.#waiters.add(waiter);
      waiter.check();
    });
  }
}

function hasTag(tag: string): (message: BackendMessage) => boolean {
  return (message) => message.tag === tag;
}

function connected(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => reject(error);
    const onClose = (): void => reject(new Error(`the connection ended before ${event}`));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once(event, () => {
      socket.off('error', onError);
      socket.off('close', onClose);
      resolve();
    });
  });
}
