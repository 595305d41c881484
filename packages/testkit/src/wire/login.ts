import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { BackendError, type BackendMessage } from './backend-message';
import { frame } from './frame';
import { ScramClient } from './scram';

/** What a login needs of its connection; see `RawClient`. */
export interface LoginWire {
  readonly socket: Socket;
  send(...parts: readonly Buffer[]): void;
  until(
    condition: (message: BackendMessage) => boolean,
    options: { deadlineMs?: number },
  ): Promise<BackendMessage[]>;
}

export interface LoginOptions {
  readonly user: string;
  /** Default: not sent, which means the user's name. */
  readonly database?: string;
  readonly password?: string;
  /** Further startup parameters. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Default 3.0. */
  readonly protocol?: '3.0' | '3.2';
  /** SCRAM-SHA-256-PLUS, which needs TLS. Default false. */
  readonly channelBinding?: boolean;
  /** For each message that is waited for. Default 10,000. */
  readonly deadlineMs?: number;
}

export interface LoginResult {
  /** From ParameterStatus, by name. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly cancelKey: Buffer;
  /** All messages of the login. */
  readonly messages: readonly BackendMessage[];
}

/** A StartupMessage, its length included. */
export function startupPacket(options: LoginOptions): Buffer {
  const { user, database, parameters = {}, protocol = '3.0' } = options;
  const all = { user, ...(database === undefined ? {} : { database }), ...parameters };
  const text = Object.entries(all).map(([name, value]) => `${name}\0${value}\0`);
  const body = Buffer.from(`${text.join('')}\0`);
  const header = Buffer.alloc(8);
  header.writeInt32BE(body.length + 8, 0);
  header.writeInt32BE(protocol === '3.2' ? 0x30002 : 0x30000, 4);
  return Buffer.concat([header, body]);
}

/** A CancelRequest, its length included. */
export function cancelPacket(processId: number, key: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeInt32BE(key.length + 12, 0);
  header.writeInt32BE(80877102, 4);
  header.writeInt32BE(processId, 8);
  return Buffer.concat([header, key]);
}

/**
 * Written apart from the code under test on purpose: a mistake made in both directions there must
 * not go unseen here.
 *
 * @throws BackendError when the server refuses
 */
export async function login(client: LoginWire, options: LoginOptions): Promise<LoginResult> {
  client.send(startupPacket(options));
  const messages: BackendMessage[] = [];
  const limit = options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs };
  let scram: ScramClient | undefined;
  for (;;) {
    const batch = await client.until(({ tag }) => 'REZ'.includes(tag), limit);
    messages.push(...batch);
    const last = batch.at(-1);
    if (last === undefined || last.tag === 'Z') return summary(messages);
    if (last.tag === 'E') throw new BackendError(last);
    const kind = last.body.readInt32BE(0);
    const data = last.body.subarray(4);
    const password = options.password ?? '';
    if (kind === 3) client.send(frame('p', Buffer.from(`${password}\0`)));
    else if (kind === 5) client.send(frame('p', md5Answer(options.user, password, data)));
    else if (kind === 10) {
      scram = new ScramClient(password, binding(client, options, data.toString().split('\0')));
      client.send(frame('p', scram.first()));
    } else if (kind === 11 && scram !== undefined) {
      client.send(frame('p', scram.final(data.toString())));
    } else if (kind === 12 && scram !== undefined) scram.verify(data.toString());
    else if (kind !== 0) throw new Error(`authentication request ${kind} is not supported`);
  }
}

function md5Answer(user: string, password: string, salt: Buffer): Buffer {
  const inner = createHash('md5').update(password).update(user).digest('hex');
  const outer = createHash('md5').update(inner).update(salt).digest('hex');
  return Buffer.from(`md5${outer}\0`);
}

/** The certificate's hash for `tls-server-end-point`; undefined: no channel binding. */
function binding(
  client: LoginWire,
  options: LoginOptions,
  mechanisms: readonly string[],
): Buffer | undefined {
  if (options.channelBinding !== true) return undefined;
  if (!mechanisms.includes('SCRAM-SHA-256-PLUS')) {
    throw new Error(`the server offers ${mechanisms.filter(Boolean).join(', ')} only`);
  }
  if (!(client.socket instanceof TLSSocket)) throw new Error('channel binding needs TLS');
  return createHash('sha256').update(client.socket.getPeerCertificate().raw).digest();
}

function summary(messages: readonly BackendMessage[]): LoginResult {
  const parameters = new Map<string, string>();
  let processId = 0;
  let cancelKey: Buffer = Buffer.alloc(0);
  for (const { tag, body } of messages) {
    if (tag === 'S') {
      const [name = '', value = ''] = body.toString().split('\0');
      parameters.set(name, value);
    } else if (tag === 'K') {
      processId = body.readInt32BE(0);
      cancelKey = body.subarray(4);
    }
  }
  return { parameters, processId, cancelKey, messages };
}
