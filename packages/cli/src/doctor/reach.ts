import { isIP, Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from 'node:tls';
import type { ServerAddress } from '@pgweir/control';
import type { ServerTls } from '@pgweir/pooler';
import { sslRequestPacket } from '@pgweir/protocol';
import { errorCode, reasonOf } from '../system-error';

/** How far one gets with a server before logging in. */
export type Reach =
  | { readonly kind: 'unreachable'; readonly reason: string }
  | { readonly kind: 'not-postgres' }
  | { readonly kind: 'reached'; readonly tookMs: number; readonly tls: TlsReach };

export type TlsReach =
  /** Not asked for. */
  | { readonly kind: 'off' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'failed'; readonly reason: string }
  | {
      readonly kind: 'on';
      readonly protocol: string;
      readonly endsAtMs: number;
      /** Why verify-ca would not take it; undefined: it would. */
      readonly chainFault: string | undefined;
      /** The same of verify-full, beyond that. */
      readonly nameFault: string | undefined;
    };

const CONNECT_MS = 5000;
const [YES, NO] = [0x53, 0x4e];

/** Connects, asks for TLS where the configuration allows it, and hangs up. Never rejects. */
export function reachServer(address: ServerAddress, tls: ServerTls): Promise<Reach> {
  const { host, port } = address;
  return new Promise((resolve) => {
    const socket = new Socket();
    const begunMs = performance.now();
    let tookMs: number | undefined;
    const finish = (reach: Reach): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reach);
    };
    const fail = (reason: string): void => {
      if (tookMs === undefined) finish({ kind: 'unreachable', reason });
      else finish({ kind: 'reached', tookMs, tls: { kind: 'failed', reason } });
    };
    const timer = setTimeout(() => fail(`no answer in ${CONNECT_MS} ms`), CONNECT_MS);
    socket.once('error', (error) => fail(errorText(error)));
    socket.once('connect', () => {
      tookMs = performance.now() - begunMs;
      // Over a Unix socket PostgreSQL has none.
      if (tls.options === undefined || /^[/@]/.test(host)) {
        finish({ kind: 'reached', tookMs, tls: { kind: 'off' } });
        return;
      }
      socket.write(sslRequestPacket());
    });
    socket.once('data', (answer: Buffer) => {
      const took = tookMs ?? 0;
      if (answer.length !== 1 || (answer[0] !== YES && answer[0] !== NO)) {
        finish({ kind: 'not-postgres' });
      } else if (answer[0] === NO) {
        finish({ kind: 'reached', tookMs: took, tls: { kind: 'refused' } });
      } else {
        shakeHands(socket, host, tls, (seen) => {
          finish({ kind: 'reached', tookMs: took, tls: seen });
        });
      }
    });
    socket.once('close', () => fail('closed without an answer'));
    if (/^[/@]/.test(host)) {
      const folder = host.startsWith('@') ? `\0${host.slice(1)}` : host;
      socket.connect({ path: `${folder}/.s.PGSQL.${port}` });
    } else socket.connect({ host, port });
  });
}

/** Takes any certificate, and looks at it: nothing is said over the connection. */
function shakeHands(
  socket: Socket,
  host: string,
  { options }: ServerTls,
  done: (tls: TlsReach) => void,
): void {
  const { key, cert, ca, minVersion, maxVersion, ciphers } = options ?? {};
  socket.removeAllListeners('error');
  const secure = connectTls({
    socket,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(key === undefined ? {} : { key }),
    ...(cert === undefined ? {} : { cert }),
    ...(ca === undefined ? {} : { ca }),
    ...(ciphers === undefined ? {} : { ciphers }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  secure.once('error', (error) => done({ kind: 'failed', reason: errorText(error) }));
  secure.once('secureConnect', () => {
    const certificate = secure.getPeerCertificate();
    const { authorizationError } = secure;
    done({
      kind: 'on',
      protocol: secure.getProtocol() ?? 'unknown',
      endsAtMs: Date.parse(certificate.valid_to),
      chainFault: secure.authorized ? undefined : String(authorizationError),
      nameFault: nameFault(host, certificate),
    });
  });
}

function nameFault(host: string, certificate: PeerCertificate): string | undefined {
  const fault = checkServerIdentity(host, certificate);
  if (fault === undefined) return undefined;
  const names = certificate.subjectaltname ?? `CN=${String(certificate.subject?.CN)}`;
  return `it is for ${names}`;
}

function errorText(error: unknown): string {
  const text = reasonOf(error);
  return text === '' ? (errorCode(error) ?? 'unknown error') : text;
}
