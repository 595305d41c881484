import { connect, type Socket } from 'node:net';
import type { Clock } from '@pgweir/pooler';
import type { Client } from 'ldapts';
import { ldapLibrary } from './library';
import type { LdapServers } from './options';
import { startTls } from './start-tls';

/** As PgBouncer has it. */
const CONNECT_MS = 3000;
/** Of one request. */
const REPLY_MS = 5000;

/** One connection to one server, for one login. */
export class LdapConnection {
  readonly #url: string;
  readonly #servers: LdapServers;
  readonly #clock: Clock;
  #client: Client | undefined;
  /** Before the client has it. */
  #socket: Socket | undefined;
  #closed = false;

  constructor(url: string, servers: LdapServers, clock: Clock) {
    this.#url = url;
    this.#servers = servers;
    this.#clock = clock;
  }

  /** With StartTLS it is connected and encrypted; otherwise the first request connects. */
  async open(): Promise<Client> {
    const limits = { connectTimeout: CONNECT_MS, timeout: REPLY_MS };
    const { Client: LdapClient } = ldapLibrary();
    if (!this.#servers.startTls) {
      this.#client = new LdapClient({ url: this.#url, ...limits });
      return this.#client;
    }
    const { hostname, port } = new URL(this.#url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const plain = await this.#connected(host, Number(port === '' ? 389 : port));
    const secure = await startTls(plain, host);
    this.#socket = secure;
    if (this.#closed) throw new Error('closed');
    this.#client = new LdapClient({
      ...{ url: this.#url.replace(/^ldap:/, 'ldaps:'), ...limits },
      createSecureConnection: () => secure,
    });
    return this.#client;
  }

  #connected(host: string, port: number): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host);
      this.#socket = socket;
      const cancel = this.#clock.after(CONNECT_MS, () => {
        socket.destroy(new Error('Connection timeout'));
      });
      socket.on('error', reject);
      socket.once('close', () => {
        cancel();
        reject(new Error('closed'));
      });
      socket.once('connect', () => {
        cancel();
        resolve(socket);
      });
    });
  }

  /** In any state, and at once. */
  close(): void {
    this.#closed = true;
    if (this.#client === undefined) this.#socket?.destroy();
    else this.#client.unbind().catch(ofNoInterest);
  }
}

function ofNoInterest(): void {
  // The connection is closed in any case.
}
