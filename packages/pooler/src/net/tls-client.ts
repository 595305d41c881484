import { constants } from 'node:crypto';
import * as net from 'node:net';
import * as tls from 'node:tls';
import type { TlsClientOptions } from '../ports/transport';
import { derOf } from './tls-info';
import { TLS_QUEUE_BYTES } from './tls-server';

/** What is made once of one options object. */
interface ClientIdentity {
  readonly context: tls.SecureContext;
  readonly certificate: Buffer | undefined;
}

const identities = new WeakMap<TlsClientOptions, ClientIdentity>();

function identityOf(options: TlsClientOptions): ClientIdentity {
  const known = identities.get(options);
  if (known !== undefined) return known;
  const identity = {
    context: tls.createSecureContext({
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ...(options.key === undefined ? {} : { key: options.key }),
      ...(options.cert === undefined ? {} : { cert: options.cert }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
      ...(options.ciphers === undefined ? {} : { ciphers: options.ciphers }),
    }),
    certificate: options.cert === undefined ? undefined : derOf(options.cert),
  };
  identities.set(options, identity);
  return identity;
}

/** What these options make of a handshake; made once of each options object. */
export function clientContext(options: TlsClientOptions): tls.SecureContext {
  return identityOf(options).context;
}

/** The certificate (DER) that these options hold ready for a server that asks. */
export function clientCertificate(options: TlsClientOptions): Buffer | undefined {
  return identityOf(options).certificate;
}

/**
 * Starts the client's side of a handshake on a connected socket, which the result owns from now on.
 * No SNI is sent for an IP address (RFC 6066); `verify: 'full'` then needs an IP address in the
 * certificate.
 */
export function secureClientSocket(
  socket: net.Socket,
  options: TlsClientOptions,
  how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
): tls.TLSSocket {
  const { serverName, alpn } = how;
  const sni = sniOf(serverName);
  return tls.connect({
    socket,
    secureContext: identityOf(options).context,
    rejectUnauthorized: options.verify !== 'none',
    checkServerIdentity: (_host, certificate) =>
      options.verify === 'full' ? nameFault(serverName, certificate) : undefined,
    highWaterMark: TLS_QUEUE_BYTES,
    ...(sni === undefined ? {} : { servername: sni }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
  } as tls.ConnectionOptions);
}

/** No SNI for an IP address (RFC 6066). */
export function sniOf(serverName: string | undefined): string | undefined {
  return serverName !== undefined && net.isIP(serverName) === 0 ? serverName : undefined;
}

/** Why the certificate does not belong to the server; undefined when it does. */
export function nameFault(
  serverName: string | undefined,
  certificate: tls.PeerCertificate,
): Error | undefined {
  if (serverName === undefined) {
    return new Error('the host name of the server is unknown, so its certificate cannot match');
  }
  return tls.checkServerIdentity(serverName, certificate);
}
