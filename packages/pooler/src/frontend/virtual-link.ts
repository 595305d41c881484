import {
  backendKeyData,
  FrameReader,
  Frontend,
  parameterStatus,
  readyForQuery,
} from '@pgweir/protocol';
import type { IssuedKey } from '../cancel/cancel-keys';
import type { UserName } from '../ports/names';
import type { TlsInfo, WireHandler } from '../ports/transport';
import type { VirtualClient, VirtualDatabase, VirtualSession } from '../ports/virtual-database';
import { clientFault } from './client-fault';
import type { Session } from './session';
import type { SessionContext } from './session-context';

/** A console command is text that a person or a tool typed. */
const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;

/** Joins a client to a virtual database: whole messages in, whole messages out. */
export class VirtualLink implements WireHandler {
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #database: VirtualDatabase;
  readonly user: UserName;
  readonly #isOwner: boolean;
  readonly #reader = new FrameReader(MESSAGE_BYTES_MAX);
  readonly #whenDrained: (() => void)[] = [];
  #body: Buffer = Buffer.alloc(0);
  #bodyLength = 0;
  /** What cancels a command that waits. */
  cancelKey: IssuedKey | undefined;
  #virtual: VirtualSession | undefined;

  constructor(
    session: Session,
    context: SessionContext,
    database: VirtualDatabase,
    client: Pick<VirtualClient, 'user' | 'isOwner'>,
  ) {
    this.#session = session;
    this.#context = context;
    this.#database = database;
    this.user = client.user;
    this.#isOwner = client.isOwner;
  }

  /** Sends the welcome and hands the client over. */
  begin(minor: number): void {
    const session = this.#session;
    const cancelKey = this.#context.cancels.issue(session, minor);
    this.cancelKey = cancelKey;
    const parts: Buffer[] = [];
    for (const [name, value] of this.#database.parameters())
      parts.push(parameterStatus(name, value));
    const key = Buffer.from(cancelKey.secret, 'latin1');
    parts.push(backendKeyData(cancelKey.processId, key), readyForQuery('I'));
    session.wire.write(Buffer.concat(parts));
    session.enter('virtual');
    session.login = undefined;
    session.wire.handler = this;
    session.virtual = this;
    this.#virtual = this.#database.open(
      { id: session.id, user: this.user, isOwner: this.#isOwner },
      {
        send: (messages) => {
          if (session.phase === 'closed') return;
          if (!session.wire.write(messages)) session.wire.pause();
        },
        drained: () => this.#drained(),
        close: (reason) => session.close(reason),
      },
    );
    session.input.replayKept((kept) => this.received(kept, kept.length));
  }

  get databaseName(): string {
    return this.#database.names[0] ?? '';
  }

  /** The client is gone. */
  left(): void {
    for (const resolve of this.#whenDrained.splice(0)) resolve();
    this.#virtual?.closed();
  }

  /** A cancel request with the client's key has come. */
  canceled(): void {
    this.#virtual?.canceled();
  }

  received(buffer: Buffer, length: number): void {
    try {
      this.#read(buffer, length);
    } catch (error) {
      const fault = clientFault(error);
      if (fault === undefined) throw error;
      this.#session.fail(fault.key, fault.detail, fault.why);
    }
  }

  #read(buffer: Buffer, length: number): void {
    const reader = this.#reader;
    let at = 0;
    while (at < length && this.#session.phase === 'virtual') {
      if (reader.bodyLeft === 0) {
        at = reader.readHeader(buffer, at, length);
        if (at < 0) return;
        this.#body = Buffer.allocUnsafe(reader.bodyLength);
        this.#bodyLength = 0;
      }
      const end = reader.takeBody(at, length);
      this.#bodyLength += buffer.copy(this.#body, this.#bodyLength, at, end);
      at = end;
      if (reader.bodyLeft > 0) return;
      if (reader.tag === Frontend.Terminate) this.#session.close('client close request');
      else this.#virtual?.message(reader.tag, this.#body);
    }
  }

  #drained(): Promise<void> {
    if (this.#session.phase === 'closed' || !this.#session.wire.congested) return Promise.resolve();
    return new Promise((resolve) => this.#whenDrained.push(resolve));
  }

  drained(): void {
    for (const resolve of this.#whenDrained.splice(0)) resolve();
    this.#session.wire.resume();
  }

  connected(): void {
    // Accepted wires are connected from the start.
  }

  secured(_info: TlsInfo): void {
    // TLS comes before login.
  }

  ended(): void {
    this.#session.close('client unexpected eof');
  }

  closed(cause: Error | undefined): void {
    this.#session.closed(cause);
  }
}
