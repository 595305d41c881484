import { connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { frame } from '@pgweir/testkit';

/**
 * A port before a server, which can do what a server does only at its worst moments.
 * - `open`: passes everything on
 * - `starting`: refuses TLS, and then every login with 57P03
 * - `silent`: accepts and never answers
 */
export type GateMode = 'open' | 'starting' | 'silent';

interface Target {
  readonly host: string;
  readonly port: number;
}

export class Gate {
  mode: GateMode = 'open';
  readonly #server: NetServer;
  readonly #pairs = new Set<readonly [near: Socket, far: Socket]>();
  readonly #near = new Set<Socket>();
  /** Connections so far. */
  accepted = 0;

  private constructor(target: Target) {
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near, target));
  }

  static async before(target: Target): Promise<Gate> {
    const gate = new Gate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate is closed');
    return address.port;
  }

  /** Ends all connections without a word. */
  cut(): void {
    for (const socket of this.#near) socket.destroy();
  }

  /** Says something to every client in the server's name; resolves when it is on its way. */
  async say(bytes: Buffer): Promise<void> {
    const sent = [...this.#pairs].map(
      ([near]) => new Promise((resolve) => near.write(bytes, resolve)),
    );
    await Promise.all(sent);
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(near: Socket, target: Target): void {
    this.accepted += 1;
    this.#near.add(near);
    near.on('error', () => near.destroy());
    near.once('close', () => this.#near.delete(near));
    if (this.mode === 'silent') return;
    if (this.mode === 'starting') {
      near.once('data', () => {
        near.write('N');
        near.once('data', () => near.end(fatal('57P03', 'the database system is starting up')));
      });
      return;
    }
    const far = connect({ host: target.host, port: target.port, noDelay: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    far.on('error', () => near.destroy());
    near.once('close', () => {
      this.#pairs.delete(pair);
      far.destroy();
    });
    near.pipe(far);
    far.pipe(near);
  }
}

export function fatal(code: string, text: string): Buffer {
  return frame('E', Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${text}\0\0`));
}
