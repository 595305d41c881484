import { connect, type Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import {
  authenticationCleartext,
  errorResponse,
  parseStartup,
  type StartupRequest,
} from '@pgweir/protocol';
import { logIn } from './backend-login';
import type { RdsTokenVerdict } from './rds-token';
import { Gone, join, takeMessage, takePacket } from './socket-reading';

/** Where the real PostgreSQL is. */
export interface RdsBackend {
  readonly port: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Of users with IAM, where it does not trust everybody. */
  readonly passwordOf?: (user: string) => string;
}

/** What a session asks of its server. */
export interface RdsFront {
  readonly secureContext: SecureContext;
  readonly forceSsl: boolean;
  readonly backend: RdsBackend;
  isIamUser(user: string): boolean;
  /** Whether the token is good, which is the last word on this login but for PostgreSQL's own. */
  judge(who: RdsUser, token: string): Promise<RdsTokenVerdict>;
  /** Refused before there was a token, or by PostgreSQL. */
  refused(who: RdsUser, reason: string): void;
  /** Joined with PostgreSQL. @returns to be called at the end */
  joined(who: RdsUser): () => void;
}

export interface RdsUser {
  readonly user: string;
  readonly database: string;
  readonly isIam: boolean;
}

type Startup = Extract<StartupRequest, { readonly kind: 'startup' }>;

const STARTUP_BYTES_MAX = 10_004;
/** PostgreSQL's limit for a password. */
const PASSWORD_BYTES_MAX = 65_535;

/**
 * One connection, from its first byte to its last. Whoever calls destroys it when this fails.
 *
 * @throws Gone when the client left early or talks nonsense
 */
export async function serveRdsSession(raw: Socket, front: RdsFront): Promise<void> {
  let client = raw;
  for (;;) {
    const packet = await takePacket(client, STARTUP_BYTES_MAX);
    const request = parseStartup(packet);
    switch (request.kind) {
      case 'gss':
        client.write('N');
        break;
      case 'ssl':
        if (client !== raw) return refuse(client, '08P01', 'a second request for TLS');
        client.write('S');
        client = secured(raw, front.secureContext);
        break;
      case 'cancel':
        return await join(client, await backendSocket(front.backend, packet));
      case 'startup':
        return await serveStartup({ client, packet, request, isSecure: client !== raw }, front);
      case 'unsupported':
        return refuse(client, '0A000', 'unsupported frontend protocol');
      case 'malformed':
        return refuse(client, '08P01', request.reason);
    }
  }
}

/** @throws Gone when what follows is no TLS */
function secured(raw: Socket, secureContext: SecureContext): Socket {
  // Somebody in between might have put it there.
  if (raw.readableLength > 0) throw new Gone('unencrypted data after the request for TLS');
  const client = new TLSSocket(raw, { isServer: true, secureContext });
  // An end that was read before TLS took over is seen by nobody else.
  raw.once('end', () => client.destroy());
  raw.read(0);
  client.on('error', () => client.destroy());
  return client;
}

interface Asked {
  readonly client: Socket;
  readonly packet: Buffer;
  readonly request: Startup;
  readonly isSecure: boolean;
}

async function serveStartup(asked: Asked, front: RdsFront): Promise<void> {
  const { client, packet, request, isSecure } = asked;
  const user = request.parameters.get('user') ?? '';
  const database = request.parameters.get('database') ?? user;
  const who = { user, database, isIam: front.isIamUser(user) };
  if (!isSecure && (front.forceSsl || who.isIam)) {
    front.refused(who, 'no TLS');
    const from = client.remoteAddress ?? '127.0.0.1';
    const text = `pg_hba.conf rejects connection for host "${from}", user "${user}", database "${database}", no encryption`;
    return refuse(client, '28000', text);
  }
  if (!who.isIam) return await relay(who, { client, packet }, front);
  client.write(authenticationCleartext());
  const verdict = await front.judge(who, await passwordOf(client));
  if (client.destroyed) throw new Gone('the client did not wait');
  if (verdict.kind === 'refused') {
    front.refused(who, verdict.reason);
    return refuse(client, '28000', `PAM authentication failed for user "${user}"`);
  }
  await relay(who, { client, packet }, front);
}

async function passwordOf(client: Socket): Promise<string> {
  const { tag, body } = await takeMessage(client, PASSWORD_BYTES_MAX);
  const end = body.indexOf(0);
  if (tag !== 'p' || end !== body.length - 1) throw new Gone('no password came');
  return body.toString('utf8', 0, end);
}

/** The client's part in the login begins with what PostgreSQL says once it knows who it is. */
async function relay(
  who: RdsUser,
  { client, packet }: { readonly client: Socket; readonly packet: Buffer },
  front: RdsFront,
): Promise<void> {
  const server = await backendSocket(front.backend, packet);
  let left: (() => void) | undefined;
  try {
    if (who.isIam) {
      const shown = await logIn(server, front.backend.passwordOf?.(who.user) ?? '');
      client.write(Buffer.concat(shown.map(({ bytes }) => bytes)));
      if (shown.at(-1)?.tag === 'E') {
        front.refused(who, 'by PostgreSQL');
        client.end();
        return;
      }
    }
    left = front.joined(who);
    await join(client, server);
  } finally {
    left?.();
    server.destroy();
  }
}

/** Connected, and told the client's first packet. @throws Error when PostgreSQL is down */
function backendSocket({ host, port }: RdsBackend, packet: Buffer): Promise<Socket> {
  const socket = connect({ host: host ?? '127.0.0.1', port, noDelay: true });
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      socket.write(packet);
      resolve(socket);
    });
  });
}

function refuse(client: Socket, code: string, message: string): void {
  client.end(errorResponse({ severity: 'FATAL', code, message }));
}
