import {
  type ErrorFields,
  errorResponse,
  parseStartup,
  type StartupRequest,
} from '@pgweir/protocol';
import type {
  Address,
  Listener,
  SocketOptions,
  Transport,
  WireHandler,
} from '../../src/ports/transport';
import { FakeBackend } from './fake-backend';
import { FakeWire, type Peer } from './fake-wire';
import type { TaskQueue } from './task-queue';

/** What happens to whoever dials. */
export type DialBehaviour =
  | { readonly kind: 'accept' }
  | { readonly kind: 'refuse' }
  /** Neither yes nor no: packets vanish. */
  | { readonly kind: 'silence' }
  /** Connected, but the login is never answered. */
  | { readonly kind: 'mute' }
  /** PostgreSQL says no to the login. */
  | { readonly kind: 'reject'; readonly error: ErrorFields };

/** Columns, by number, and rows. */
export interface Table {
  readonly columns: number;
  readonly rows: readonly (readonly (string | null)[])[];
}

/** A network with one fake PostgreSQL in it, and a door for clients. */
export class FakeServer implements Transport {
  dialling: DialBehaviour = { kind: 'accept' };
  /** The same for one port, where that is not as for the others. */
  readonly diallingPort = new Map<number, DialBehaviour>();
  /** Backends that have sent a startup packet, in order; those that are gone stay in the list. */
  readonly backends: FakeBackend[] = [];
  /** Dials for links (not for cancel requests), whatever became of them. */
  dials = 0;
  /** False: backends that are opened from now on collect messages without answering them. */
  answersAtFirst = true;
  /** The most connections that were open at one time, as PostgreSQL counts. */
  openMax = 0;
  /** Cancel requests that have arrived. */
  readonly cancelRequests: { readonly processId: number; readonly key: Buffer }[] = [];
  /** False: cancel requests arrive but are not answered until `answerCancels`. */
  answersCancels = true;
  /** False: a backend that was told goodbye does not close its side until `close`. */
  closesOnGoodbye = true;
  /** What backends answer to a simple query, from now on; undefined: the default. */
  answer: FakeBackend['answer'];
  /** Parameters reported at login. */
  parameters = new Map([
    ['server_version', '18.0'],
    ['client_encoding', 'UTF8'],
    ['TimeZone', 'UTC'],
    ['application_name', ''],
  ]);
  /** What a statement of the extended protocol finds; undefined: no columns, no rows. */
  table: ((sql: string, parameters: readonly string[]) => Table | undefined) | undefined;
  readonly addresses: Address[] = [];
  /** Of the last socket that was dialled. */
  dialledWith: SocketOptions | undefined;
  /** Of sockets that are accepted now. */
  acceptsWith: SocketOptions | undefined;
  readonly #doors = new Set<(wire: FakeWire) => void>();
  #heldCancels: (() => void)[] = [];
  #nextProcessId = 100;
  readonly #tasks: TaskQueue;

  constructor(tasks: TaskQueue) {
    this.#tasks = tasks;
  }

  async listen(
    address: Address,
    options: SocketOptions,
    accepted: (wire: FakeWire) => void,
  ): Promise<Listener> {
    this.acceptsWith = options;
    const door = (wire: FakeWire): void => accepted(wire);
    this.#doors.add(door);
    return {
      address,
      tune: (fresh) => {
        this.acceptsWith = fresh;
      },
      close: async () => {
        this.#doors.delete(door);
      },
    };
  }

  /** A client's wire, as the pooler sees it. */
  accept(remote: Address): FakeWire {
    const wire = new FakeWire(this.#tasks, remote);
    const [door] = this.#doors;
    if (door === undefined) throw new Error('nobody listens');
    door(wire);
    return wire;
  }

  connect(address: Address, options: SocketOptions, handler: WireHandler): FakeWire {
    this.dialledWith = options;
    const wire = new FakeWire(this.#tasks, address);
    wire.handler = handler;
    this.addresses.push(address);
    const port = address.kind === 'tcp' ? address.port : 0;
    const behaviour = this.diallingPort.get(port) ?? this.dialling;
    const stranger = new Stranger(this, wire, behaviour);
    wire.peer = stranger;
    if (behaviour.kind === 'silence') return wire;
    this.#tasks.push(() => {
      if (wire.state !== 'open') return;
      if (behaviour.kind === 'refuse') wire.close(new Error('connect ECONNREFUSED'));
      else wire.connect();
    });
    return wire;
  }

  get cancels(): number {
    return this.cancelRequests.length;
  }

  /** Connections that PostgreSQL has open for links. */
  get open(): number {
    return this.backends.filter((backend) => !backend.closed).length;
  }

  /** Backends that are still there. */
  get live(): readonly FakeBackend[] {
    return this.backends.filter((backend) => !backend.closed);
  }

  /** Backends of the server at this port that are still there. */
  liveAt(port: number): readonly FakeBackend[] {
    return this.live.filter(
      ({ wire: { remote } }) => remote.kind === 'tcp' && remote.port === port,
    );
  }

  /** The only live backend. */
  get backend(): FakeBackend {
    const [backend, another] = this.live;
    if (backend === undefined || another !== undefined) {
      throw new Error(`${this.live.length} backends where one was expected`);
    }
    return backend;
  }

  answerCancels(): void {
    for (const answer of this.#heldCancels.splice(0)) answer();
  }

  loginBegan(wire: FakeWire, behaviour: DialBehaviour, request: Startup): Peer {
    const backend = new FakeBackend(this, wire, this.#nextProcessId++, request.parameters);
    backend.answers = this.answersAtFirst;
    backend.answer = this.answer;
    this.backends.push(backend);
    this.openMax = Math.max(this.openMax, this.open);
    if (behaviour.kind === 'accept') backend.welcome();
    else if (behaviour.kind === 'reject') {
      backend.send(errorResponse(behaviour.error));
      backend.close();
    }
    return backend;
  }

  cancelArrived(wire: FakeWire, processId: number, key: Buffer): void {
    this.cancelRequests.push({ processId, key });
    const answer = (): void => {
      const backend = this.live.find((one) => one.processId === processId);
      if (backend?.key.equals(key) === true) backend.canceled();
      wire.arriveEnd();
    };
    if (this.answersCancels) answer();
    else this.#heldCancels.push(answer);
  }
}

type Startup = Extract<StartupRequest, { kind: 'startup' }>;

/** A connection that has not said yet what it wants. */
class Stranger implements Peer {
  #bytes = Buffer.alloc(0);
  #successor: Peer | undefined;
  readonly #server: FakeServer;
  readonly #wire: FakeWire;
  readonly #behaviour: DialBehaviour;

  constructor(server: FakeServer, wire: FakeWire, behaviour: DialBehaviour) {
    this.#server = server;
    this.#wire = wire;
    this.#behaviour = behaviour;
  }

  wrote(bytes: Buffer): void {
    if (this.#successor !== undefined) {
      this.#successor.wrote(bytes);
      return;
    }
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    const request = parseStartup(this.#bytes);
    if (request.kind === 'startup') {
      this.#server.dials++;
      this.#successor = this.#server.loginBegan(this.#wire, this.#behaviour, request);
      this.#wire.peer = this.#successor;
    } else if (request.kind === 'ssl') {
      this.#bytes = Buffer.alloc(0);
      this.#wire.arrive(Buffer.from('S'));
    } else if (request.kind === 'cancel') {
      this.#server.cancelArrived(this.#wire, request.processId, request.key);
    } else {
      throw new Error(`the fake server got ${request.kind}`);
    }
  }

  finished(): void {
    this.#wire.arriveEnd();
  }

  gone(): void {
    // Nothing was begun for it.
  }
}
