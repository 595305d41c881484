import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { certsDir } from '@pgweir/testkit';

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');

export interface TapOptions {
  /** Where the real PostgreSQL is, which must have TLS. */
  readonly server: { readonly host: string; readonly port: number };
  /** Name of a certificate in the testkit's folder, without extension. */
  readonly certificate: string;
}

/**
 * Stands between pgweir and PostgreSQL, with TLS on both sides, and keeps what pgweir says. With the
 * certificate of the server nobody notices; with another one it is what channel binding is against.
 */
export class TlsTap {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #options: TapOptions;
  #said = Buffer.alloc(0);

  private constructor(options: TapOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: TapOptions): Promise<TlsTap> {
    const tap = new TlsTap(options);
    await new Promise<void>((resolve, reject) => {
      tap.#server.once('error', reject);
      tap.#server.listen(0, '127.0.0.1', resolve);
    });
    return tap;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Everything that came from pgweir's side, as Latin-1. */
  get said(): string {
    return this.#said.toString('latin1');
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Socket): Socket {
    this.#sockets.add(socket);
    // Either side may vanish; the other one is closed with it.
    socket.on('error', () => socket.destroy());
    return socket;
  }

  #accept(client: Socket): void {
    this.#keep(client);
    client.once('data', (first) => {
      if (!first.equals(SSL_REQUEST)) {
        client.destroy();
        return;
      }
      const server = this.#keep(connect(this.#options.server));
      server.write(SSL_REQUEST);
      server.once('data', () => this.#join(client, server));
    });
  }

  #join(client: Socket, server: Socket): void {
    const path = join(certsDir(), this.#options.certificate);
    client.write('S');
    const inner = new TLSSocket(client, {
      isServer: true,
      key: readFileSync(`${path}.key`),
      cert: readFileSync(`${path}.crt`),
      ALPNProtocols: ['postgresql'],
    });
    const outer = connectTls({
      socket: server,
      rejectUnauthorized: false,
      ALPNProtocols: ['postgresql'],
    });
    this.#keep(inner).on('data', (chunk: Buffer) => {
      this.#said = Buffer.concat([this.#said, chunk]);
    });
    this.#keep(outer);
    inner.pipe(outer).pipe(inner);
    inner.on('close', () => outer.destroy());
    outer.on('close', () => inner.destroy());
  }
}
