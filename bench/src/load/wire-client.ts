import { connect, type Socket } from 'node:net';
import { frame, startupPacket } from '@pgweir/testkit';
import { APPLICATION_NAME } from '../postgres/names';
import { MessageScanner, type MessageSink } from './message-scanner';
import type { Target } from './target';

const READY = 'Z'.charCodeAt(0);
const COPY_IN = 'G'.charCodeAt(0);
const TERMINATE = frame('X', Buffer.alloc(0));

/** Called at ReadyForQuery, or with what went wrong; after that nothing more comes. */
export type Answered = (error: Error | undefined) => void;

/** One client on a raw socket that asks one thing at a time. It logs in without a password and TLS. */
export class WireClient implements MessageSink {
  /** Of all messages so far. */
  receivedBytes = 0;
  readonly #socket: Socket;
  #answered: Answered;
  /** Called when the server wants the data of a COPY. */
  #copyIn: (() => void) | undefined;

  private constructor(socket: Socket, answered: Answered) {
    this.#socket = socket;
    this.#answered = answered;
    const scanner = new MessageScanner(this);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => scanner.scan(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection ended')));
  }

  /** Resolves when it has logged in. */
  static connect({ host, port, user, database }: Target): Promise<WireClient> {
    const parameters = { application_name: APPLICATION_NAME };
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => {
        socket.write(startupPacket({ user, database, parameters }));
      });
      const client = new WireClient(socket, (failure) => {
        if (failure === undefined) resolve(client);
        else reject(failure);
      });
    });
  }

  /** Sends bytes that one ReadyForQuery answers. Only when the last answer has come. */
  ask(bytes: Buffer, answered: Answered): void {
    this.#answered = answered;
    this.#socket.write(bytes);
  }

  /** As `ask`, with a COPY FROM STDIN; `feed` is called when the data are wanted. */
  askCopyIn(bytes: Buffer, feed: (socket: Socket) => void, answered: Answered): void {
    this.#copyIn = () => feed(this.#socket);
    this.ask(bytes, answered);
  }

  /** Terminate and close. Nothing is called any more. */
  end(): void {
    this.#answered = () => undefined;
    this.#socket.end(TERMINATE);
  }

  /** Called by the scanner. */
  message(tag: number, bytes: number): void {
    this.receivedBytes += bytes;
    if (tag === READY) this.#answered(undefined);
    else if (tag === COPY_IN) this.#copyIn?.();
  }

  /** Called by the scanner. */
  error(text: string): void {
    this.#fail(new Error(text));
  }

  #fail(error: Error): void {
    const answered = this.#answered;
    this.#answered = () => undefined;
    this.#socket.destroy();
    answered(error);
  }
}
