import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import { certsDir, type Daemon, frame } from '@pgweir/testkit';
import { pooler, refusal, withClient } from './support/stage';

const HELLO = Buffer.concat([
  frame('R', Buffer.alloc(4)),
  frame('S', Buffer.from('server_version\x0018.0\0')),
  frame('S', Buffer.from('client_encoding\0UTF8\0')),
  frame('K', Buffer.alloc(8, 1)),
  frame('Z', Buffer.from('I')),
]);
const CONTEXT = createSecureContext({
  key: readFileSync(join(certsDir(), 'server.key')),
  cert: readFileSync(join(certsDir(), 'server.crt')),
});

/** A PostgreSQL, as far as a login goes, that stalls in the TLS handshake while it is told to. */
class StallingServer {
  stalls = true;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stalled: Socket[] = [];

  constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** Goes on with every handshake. @returns how many there were */
  resume(): number {
    this.stalls = false;
    const stalled = this.#stalled.splice(0);
    for (const socket of stalled) this.#secure(socket);
    return stalled.length;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      socket.pause();
      socket.write('S');
      if (this.stalls) this.#stalled.push(socket);
      else this.#secure(socket);
    });
  }

  #secure(socket: Socket): void {
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: CONTEXT,
      ALPNProtocols: ['postgresql'],
    });
    secure.on('error', () => socket.destroy());
    secure.once('data', () => secure.write(HELLO));
    secure.once('end', () => secure.end());
  }
}

test('a server that ends the TLS handshake after server_connect_timeout takes nothing with it', async () => {
  const server = new StallingServer();
  let daemon: Daemon | undefined;
  try {
    daemon = await pooler(
      { port: await server.listen() },
      {
        settings: {
          default_pool_size: 1,
          server_tls_sslmode: 'require',
          server_connect_timeout: 0.5,
          server_login_retry: 0.2,
          client_login_timeout: 20,
        },
      },
    );
    expect(await refusal(daemon)).toContain('connect timeout');
    expect(server.resume()).toBeGreaterThan(0);
    // The pool has room for one link: it is to be had again, and soon.
    await withClient(daemon, async () => undefined);
    expect(daemon.hasEnded).toBe(false);
    expect(daemon.log()).not.toContain('internal error');
  } finally {
    await daemon?.stop();
    await server.close();
  }
});
