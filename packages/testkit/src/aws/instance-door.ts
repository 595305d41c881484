import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { errorCode } from '../process/error-code';

/** Where a door leads to; undefined: nowhere, and it refuses. */
export type DoorTarget = () => { readonly host: string; readonly port: number } | undefined;

interface Place {
  readonly host: string;
  readonly port: number;
}

/** An address of an instance: passes everything on, until the network there is cut. */
export class InstanceDoor {
  readonly host: string;
  readonly #listener: NetServer;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(host: string, target: DoorTarget) {
    this.host = host;
    this.#listener = createServer({ noDelay: true }, (near) => this.#accept(near, target));
  }

  /** @returns undefined when somebody else has the port */
  static async open({ host, port }: Place, target: DoorTarget): Promise<InstanceDoor | undefined> {
    const door = new InstanceDoor(host, target);
    try {
      await new Promise<void>((resolve, reject) => {
        door.#listener.once('error', reject);
        door.#listener.listen(port, host, resolve);
      });
      return door;
    } catch (error) {
      if (errorCode(error) === 'EADDRINUSE') return undefined;
      throw error;
    }
  }

  get port(): number {
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('the door is closed');
    return address.port;
  }

  /** Nothing comes through any more, and nobody hears why. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** Connections of before are lost. */
  heal(): void {
    this.#isCut = false;
    this.drop();
  }

  /** Ends all connections without a word. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#listener.close(resolve));
  }

  #accept(near: Socket, target: DoorTarget): void {
    this.#keep(near);
    if (this.#isCut) return;
    const to = target();
    if (to === undefined) {
      near.destroy();
      return;
    }
    const far = connect({ host: to.host, port: to.port, noDelay: true });
    this.#keep(far);
    const end = (): void => {
      near.destroy();
      far.destroy();
    };
    near.on('close', end);
    far.on('close', end);
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes) => near.write(bytes));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }
}
