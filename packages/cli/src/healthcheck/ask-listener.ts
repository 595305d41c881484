import { connect, type Socket } from 'node:net';
import { reasonOf } from '../system-error';
import type { Health, SocketAddress } from './health-target';

/**
 * Begins to log in and looks at the first answer, as pg_isready does: whoever asks for a password, or
 * refuses this client for what it is, serves others. Sends no password, so it needs none.
 */
export function askListener(address: SocketAddress, timeoutMs: number): Promise<Health> {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0);
    const socket = dial(address);
    const finish = (health: Health): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(health);
    };
    const timer = setTimeout(() => {
      finish({ kind: 'silent', why: `no answer within ${timeoutMs / 1000} s` });
    }, timeoutMs);
    socket.once('connect', () => socket.write(STARTUP));
    socket.on('data', (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const health = readAnswer(answer);
      if (health !== undefined) finish(health);
    });
    socket.once('error', (error) => finish({ kind: 'silent', why: reasonOf(error) }));
    socket.once('close', () => finish({ kind: 'silent', why: 'closed without an answer' }));
  });
}

/** Begun to be connected. */
function dial(address: SocketAddress): Socket {
  if (address.path?.startsWith('@') !== true) return connect(address);
  // It may be connected by system calls, for which nobody else waits.
  const { abstractSocket }: typeof import('../runtime/abstract-socket') =
    require('../runtime/abstract-socket');
  const socket = abstractSocket(address.path);
  return socket.connect(address);
}

const AUTHENTICATION = 0x52;
const ERROR = 0x45;
const HEADER_BYTES = 5;
/** An error of a server is far shorter. */
const ANSWER_BYTES_MAX = 10_000;
/** cannot_connect_now, admin_shutdown: nobody else would get in either. */
const NOT_NOW = new Set(['57P03', '57P01']);

/** The startup packet of protocol 3.0, for the console: no server is needed for an answer. */
const STARTUP = startup(
  'user\0healthcheck\0database\0pgbouncer\0application_name\0pgweir healthcheck\0\0',
);

function startup(parameters: string): Buffer {
  const body = Buffer.from(parameters);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(0x0003_0000, 4);
  return Buffer.concat([head, body]);
}

/** Undefined: not all of it is there. */
export function readAnswer(bytes: Buffer): Health | undefined {
  const [tag] = bytes;
  if (tag === undefined) return undefined;
  if (tag === AUTHENTICATION) return { kind: 'serving' };
  const foreign: Health = { kind: 'silent', why: 'what answers is not PostgreSQL' };
  if (tag !== ERROR) return foreign;
  if (bytes.length < HEADER_BYTES) return undefined;
  const end = 1 + bytes.readInt32BE(1);
  if (end < HEADER_BYTES || end > ANSWER_BYTES_MAX) return foreign;
  if (bytes.length < end) return undefined;
  const fields = bytes.toString('utf8', HEADER_BYTES, end).split('\0');
  const field = (name: string): string =>
    fields.find((one) => one.startsWith(name))?.slice(1) ?? '';
  if (!NOT_NOW.has(field('C'))) return { kind: 'serving' };
  return { kind: 'rejecting', why: field('M').replaceAll(/\p{Cc}+/gu, ' ') };
}
