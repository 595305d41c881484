import { constants } from 'node:crypto';
import type * as net from 'node:net';
import * as tls from 'node:tls';
import { isNativeError } from 'node:util/types';
import type { TlsServerOptions } from '../ports/transport';
import { bunRuntime } from './bun-runtime';
import { derOf } from './tls-info';

/** The application protocol of direct TLS; registered with IANA for PostgreSQL. */
export const ALPN_PROTOCOLS = ['postgresql'];

/** Bytes queued on a TLS wire before it calls itself congested. */
export const TLS_QUEUE_BYTES = 128 * 1024;

/** What is made once of one options object. */
interface ServerIdentity {
  readonly context: tls.SecureContext;
  readonly certificate: Buffer;
}

const identities = new WeakMap<TlsServerOptions, ServerIdentity>();

function identityOf(options: TlsServerOptions): ServerIdentity {
  const known = identities.get(options);
  if (known !== undefined) return known;
  const identity = {
    context: tls.createSecureContext({
      key: options.key,
      cert: options.cert,
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
      honorCipherOrder: true,
      // No renegotiation, and no session tickets: no PostgreSQL client resumes sessions.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
      ...(options.ecdhCurve === undefined ? {} : { ecdhCurve: options.ecdhCurve }),
      ...dhparamOf(options),
    }),
    certificate: derOf(options.cert),
  };
  identities.set(options, identity);
  return identity;
}

/** Bun's TLS library has no ciphers that would use these parameters, and refuses them. */
function dhparamOf({ dhparam }: TlsServerOptions): { readonly dhparam?: 'auto' } {
  return dhparam === undefined || bunRuntime() !== undefined ? {} : { dhparam };
}

/** What these options make of a handshake; made once of each options object. */
export function serverContext(options: TlsServerOptions): tls.SecureContext {
  return identityOf(options).context;
}

/** The certificate (DER) that these options present. */
export function serverCertificate(options: TlsServerOptions): Buffer {
  return identityOf(options).certificate;
}

/**
 * Starts the server's side of a handshake on a connected socket, which the result owns from now on.
 * A client that offers application protocols without `postgresql` among them is refused by alert.
 *
 * @param unread - bytes of the handshake that arrived already; copied
 */
export function secureServerSocket(
  socket: net.Socket,
  options: TlsServerOptions,
  unread: Buffer | undefined,
): tls.TLSSocket {
  // What is readable on the plain socket is fed into the handshake first.
  if (unread !== undefined && unread.length > 0) socket.unshift(Buffer.from(unread));
  const secured = new tls.TLSSocket(socket, {
    isServer: true,
    secureContext: identityOf(options).context,
    requestCert: options.clientCertificate !== 'none',
    rejectUnauthorized: options.clientCertificate === 'require',
    ALPNProtocols: ALPN_PROTOCOLS,
    highWaterMark: TLS_QUEUE_BYTES,
  } as tls.TLSSocketOptions);
  secured.disableRenegotiation();
  return secured;
}

/**
 * Why the client's certificate is not acceptable; undefined when it is. OpenSSL only insists that
 * there is one (`require`); whether it is signed by our CA must be asked after the handshake. One
 * that was merely requested must be good as well, since users of `TlsInfo` rely on it.
 */
export function clientCertificateFault(
  socket: tls.TLSSocket,
  options: TlsServerOptions,
): Error | undefined {
  if (options.clientCertificate === 'none') return undefined;
  if (socket.getPeerX509Certificate() === undefined) {
    return options.clientCertificate === 'require'
      ? new Error('the client sent no certificate')
      : undefined;
  }
  return verifyFault(socket);
}

/** Whether a client's certificate, if it sends one, is checked against an authority of ours. */
export function verifiesClients({ clientCertificate, ca }: TlsServerOptions): boolean {
  return clientCertificate !== 'none' && ca !== undefined;
}

function verifyFault(socket: tls.TLSSocket): Error | undefined {
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle === 'object' && handle !== null && 'verifyError' in handle) {
    const { verifyError } = handle;
    if (typeof verifyError === 'function') {
      const fault: unknown = verifyError.call(handle);
      if (fault === null || fault === undefined) return undefined;
      return isNativeError(fault) ? fault : new Error('certificate verification failed');
    }
  }
  return new Error('this runtime does not tell whether a client certificate is valid');
}
