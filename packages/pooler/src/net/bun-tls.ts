import type * as tls from 'node:tls';
import type { TlsClientOptions, TlsInfo, TlsServerOptions } from '../ports/transport';
import { bunHandlers, nobody } from './bun-handlers';
import type { BunSocket, BunSocketOwner, BunUpgradeOptions } from './bun-runtime';
import { clientCertificate, clientContext, nameFault, sniOf } from './tls-client';
import { ALPN_PROTOCOLS, serverCertificate, serverContext, verifiesClients } from './tls-server';

/** One side's part in a TLS handshake. */
export interface BunUpgrade {
  readonly isServer: boolean;
  readonly unread: Buffer | undefined;
  readonly tls: BunUpgradeOptions['tls'];
  /** Our own certificate (DER). */
  readonly certificate: Buffer | undefined;
  /** The peer's certificate, if it sends one, has been checked once the handshake is over. */
  readonly verifies: boolean;
  /** Why the peer is refused after a successful handshake; undefined when it is not. */
  fault(secured: BunSocket, verifyFault: Error | undefined): Error | undefined;
}

/** @throws Error with an OpenSSL `code` when key or certificate are unusable */
export function bunServerUpgrade(
  options: TlsServerOptions,
  unread: Buffer | undefined,
): BunUpgrade {
  const { clientCertificate: wanted } = options;
  return {
    isServer: true,
    unread,
    certificate: serverCertificate(options),
    verifies: verifiesClients(options),
    tls: {
      secureContext: nativeContext(serverContext(options)),
      ALPNProtocols: alpnList(ALPN_PROTOCOLS),
      requestCert: wanted !== 'none',
      rejectUnauthorized: wanted === 'require',
    },
    fault(secured, verifyFault) {
      if (wanted === 'none') return undefined;
      // One that was merely requested must be good as well, since users of `TlsInfo` rely on it.
      if (secured.getPeerX509Certificate() !== undefined) return verifyFault;
      return wanted === 'require' ? new Error('the client sent no certificate') : undefined;
    },
  };
}

/** @throws Error with an OpenSSL `code` when key or certificate are unusable */
export function bunClientUpgrade(
  options: TlsClientOptions,
  how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
): BunUpgrade {
  const { serverName, alpn } = how;
  const sni = sniOf(serverName);
  return {
    isServer: false,
    unread: undefined,
    certificate: clientCertificate(options),
    verifies: options.verify !== 'none',
    tls: {
      secureContext: nativeContext(clientContext(options)),
      requestCert: true,
      // Bun would compare the name as well.
      rejectUnauthorized: options.verify === 'full',
      ...(sni === undefined ? {} : { serverName: sni }),
      ...(alpn === undefined ? {} : { ALPNProtocols: alpnList([alpn]) }),
    },
    fault(secured, verifyFault) {
      if (options.verify === 'none') return undefined;
      if (options.verify === 'ca') return isOnlyName(verifyFault) ? undefined : verifyFault;
      if (verifyFault !== undefined) return verifyFault;
      const certificate = secured.getPeerCertificate();
      if (certificate === undefined) return new Error('the server sent no certificate');
      return nameFault(serverName, certificate);
    },
  };
}

/** Bun compares the name whatever was asked for, after it has checked the chain. */
function isOnlyName(fault: Error | undefined): boolean {
  return codeOf(fault) === 'ERR_TLS_CERT_ALTNAME_INVALID';
}

/** System errors, and EPROTO for what OpenSSL reports; the reasons of certificates have a `_`. */
const HANDSHAKE_CODE = /^E[A-Z]+$/;

/**
 * Whether the handshake itself came to its end: Bun also says that it did not when it does not like
 * the certificate, although it goes on where that does not matter.
 */
export function isComplete(success: boolean, fault: Error | undefined): boolean {
  const code = codeOf(fault);
  return success || (code !== undefined && !HANDSHAKE_CODE.test(code));
}

function codeOf(fault: Error | undefined): string | undefined {
  if (fault === undefined || !('code' in fault)) return undefined;
  return typeof fault.code === 'string' ? fault.code : undefined;
}

/** Starts the handshake. The plain socket belongs to the result from now on. */
export function startUpgrade(
  socket: BunSocket,
  upgrade: BunUpgrade,
  owner: BunSocketOwner,
): BunSocket {
  const [raw, secured] = socket.upgradeTLS({
    isServer: upgrade.isServer,
    allowHalfOpen: true,
    data: owner,
    socket: bunHandlers,
    tls: upgrade.tls,
    ...(upgrade.unread === undefined ? {} : { initialData: upgrade.unread }),
  });
  // It goes on reporting, encrypted bytes among others.
  raw.data = nobody;
  return secured;
}

/** `error:<number>:<library>:<function>:<reason>` */
const OPENSSL_MESSAGE = /^error:[0-9a-f]+:[^:]*:[^:]*:(\w+)$/i;

/**
 * What Bun says of a failed handshake or TLS session, with the `code` that Node.js gives it
 * (`ERR_SSL_...`); Bun has one `EPROTO` for all.
 */
export function plainTlsError(error: Error): Error {
  const reason = OPENSSL_MESSAGE.exec(error.message)?.[1];
  if (reason === undefined) return error;
  return Object.assign(new Error(error.message), { code: `ERR_SSL_${reason}`, reason });
}

/** What was negotiated on a socket whose handshake is over. */
export function bunTlsInfo(
  socket: BunSocket,
  upgrade: Pick<BunUpgrade, 'certificate' | 'verifies'>,
): TlsInfo {
  const alpn = socket.alpnProtocol;
  const peerCertificate = socket.getPeerX509Certificate()?.raw;
  return {
    protocol: socket.getTLSVersion() ?? 'unknown',
    cipher: socket.getCipher()?.name ?? 'unknown',
    alpn: typeof alpn === 'string' && alpn !== '' ? alpn : undefined,
    peerCertificate,
    peerVerified: peerCertificate !== undefined && upgrade.verifies,
    localCertificate: upgrade.certificate,
  };
}

function nativeContext(context: tls.SecureContext): unknown {
  return Reflect.get(context, 'context');
}

/** Names as ALPN has them on the wire: each behind its length in one byte. */
function alpnList(names: readonly string[]): Buffer {
  return Buffer.concat(
    names.flatMap((name) => [Buffer.from([name.length]), Buffer.from(name, 'latin1')]),
  );
}
