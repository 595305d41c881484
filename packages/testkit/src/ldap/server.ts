import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { certsDir } from '../certs';
import { type Element, element, elementsIn, firstElement } from './ber';

export interface LdapEntry {
  /** To the letter as it is asked for, but for escapes and blanks between its parts. */
  readonly dn: string;
  readonly password?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface LdapServerOptions {
  readonly entries: readonly LdapEntry[];
  /** `start`: StartTLS is offered, and nothing else is heard before. `direct`: as for `ldaps`. */
  readonly tls?: 'start' | 'direct';
  /** Accepts connections and never says a word. */
  readonly silent?: boolean;
  /** What somebody in between puts in clear text behind the answer to StartTLS. */
  readonly behindStartTls?: Buffer;
  /** Instead of a free port. */
  readonly port?: number;
}

/** A bind with a name and without a password succeeds, as many servers have it. */
export interface Bind {
  readonly dn: string;
  readonly password: string;
}

const SUCCESS = 0;
const CONFIDENTIALITY_REQUIRED = 13;
const NO_SUCH_OBJECT = 32;
const INVALID_CREDENTIALS = 49;
const START_TLS = '1.3.6.1.4.1.1466.20037';

/** A directory of a few entries on 127.0.0.1, as far as logins need one. @see RFC 4511 */
export async function startLdapServer(options: LdapServerOptions): Promise<LdapServer> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return new LdapServer(server, options);
}

/** Use `startLdapServer`. */
export class LdapServer {
  readonly port: number;
  /** Every bind so far, also those that failed. */
  readonly binds: Bind[] = [];
  /** How many connections there have been. */
  connections = 0;
  readonly #options: LdapServerOptions;
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  constructor(server: Server, options: LdapServerOptions) {
    this.#server = server;
    this.#options = options;
    // A server that listens on TCP has an address of this kind.
    this.port = (server.address() as AddressInfo).port;
    server.on('connection', (socket) => this.#accept(socket));
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#open.size;
  }

  /** Resolves when the next connection is there, to a promise of its end. */
  next(): Promise<{ readonly ended: Promise<void> }> {
    return new Promise((resolve) => {
      this.#server.once('connection', (socket) => {
        resolve({ ended: new Promise((end) => socket.once('close', () => end())) });
      });
    });
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.connections++;
    this.#open.add(socket);
    socket.on('close', () => this.#open.delete(socket));
    socket.on('error', () => socket.destroy());
    if (this.#options.silent === true) socket.resume();
    else if (this.#options.tls === 'direct') this.#serve(this.#encrypted(socket), true);
    else this.#serve(socket, this.#options.tls === undefined);
  }

  #encrypted(socket: Socket): TLSSocket {
    const read = (name: string): Buffer => readFileSync(join(certsDir(), name));
    const secure = new TLSSocket(socket, {
      ...{ isServer: true, key: read('server.key'), cert: read('server.crt') },
    });
    secure.on('error', () => socket.destroy());
    return secure;
  }

  /** @param trusted - whether anything but StartTLS is heard */
  #serve(socket: Socket, trusted: boolean): void {
    let kept = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      kept = Buffer.concat([kept, chunk]);
      for (;;) {
        const next = firstElement(kept);
        if (next === undefined) return;
        kept = kept.subarray(next.size);
        const [id, request] = elementsIn(next.element.body);
        if (id === undefined || request === undefined) return void socket.destroy();
        const send = (...replies: readonly Buffer[]): void => {
          for (const reply of replies) socket.write(element(0x30, element(0x02, id.body), reply));
        };
        if (request.tag === 0x77 && this.#startsTls(request)) {
          socket.off('data', onData);
          const forged = this.#options.behindStartTls ?? Buffer.alloc(0);
          socket.write(
            Buffer.concat([element(0x30, element(0x02, id.body), result(0x78, SUCCESS)), forged]),
          );
          this.#serve(this.#encrypted(socket), true);
          return;
        }
        if (request.tag === 0x42) socket.end();
        else send(...this.#answer(request, trusted));
      }
    };
    socket.on('data', onData);
  }

  #startsTls({ body }: Element): boolean {
    const [oid] = elementsIn(body);
    return this.#options.tls === 'start' && oid?.body.toString() === START_TLS;
  }

  #answer({ tag, body }: Element, trusted: boolean): readonly Buffer[] {
    const parts = elementsIn(body);
    if (tag === 0x60) return [result(0x61, trusted ? this.#bind(parts) : CONFIDENTIALITY_REQUIRED)];
    if (tag === 0x63) return this.#search(parts);
    return [result(0x78, 2)];
  }

  #bind([, name, password]: readonly Element[]): number {
    const dn = name?.body.toString() ?? '';
    const given = password?.body.toString() ?? '';
    this.binds.push({ dn, password: given });
    if (given === '') return SUCCESS;
    const entry = this.#options.entries.find((known) => plainDn(known.dn) === plainDn(dn));
    return entry?.password === given ? SUCCESS : INVALID_CREDENTIALS;
  }

  #search([base, , , limit, , , filter]: readonly Element[]): readonly Buffer[] {
    if (filter === undefined || base === undefined) return [result(0x65, NO_SUCH_OBJECT)];
    const below = plainDn(base.body.toString());
    const found = this.#options.entries.filter(
      (entry) => plainDn(entry.dn).endsWith(below) && fits(filter, entry),
    );
    const max = limit?.body.readUIntBE(0, limit.body.length) ?? 0;
    const shown = max === 0 ? found : found.slice(0, max);
    const entries = shown.map(({ dn }) => element(0x64, element(0x04, dn), element(0x30)));
    return [...entries, result(0x65, found.length > shown.length ? 4 : SUCCESS)];
  }
}

function result(tag: number, code: number): Buffer {
  return element(tag, element(0x0a, Buffer.from([code])), element(0x04), element(0x04));
}

/** Equality, presence, and, or, not. */
function fits({ tag, body }: Element, entry: LdapEntry): boolean {
  const attributes = entry.attributes ?? {};
  if (tag === 0x87) return Object.hasOwn(attributes, body.toString());
  const parts = elementsIn(body);
  if (tag === 0xa0) return parts.every((part) => fits(part, entry));
  if (tag === 0xa1) return parts.some((part) => fits(part, entry));
  if (tag === 0xa2) return !parts.some((part) => fits(part, entry));
  const [name, value] = parts.map((part) => part.body.toString());
  return tag === 0xa3 && name !== undefined && attributes[name] === value;
}

/** Without escapes; commas between parts become line ends, so that no value can stand for two parts. */
function plainDn(dn: string): string {
  return dn.replace(/\\([0-9a-f]{2})|\\(.)|\s*,\s*/gi, (_, hex?: string, escaped?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return escaped ?? '\n';
  });
}
