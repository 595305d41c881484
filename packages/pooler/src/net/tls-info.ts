import { X509Certificate } from 'node:crypto';
import type * as tls from 'node:tls';
import type { TlsInfo } from '../ports/transport';

/** The DER bytes of the first certificate of a PEM text. */
export function derOf(pem: string): Buffer {
  return new X509Certificate(pem).raw;
}

/** What was negotiated on a socket whose handshake is over. */
export function tlsInfoOf(
  socket: tls.TLSSocket,
  upgrade: { readonly certificate: Buffer | undefined; readonly verifies: boolean },
): TlsInfo {
  const alpn = socket.alpnProtocol;
  const peerCertificate = socket.getPeerX509Certificate()?.raw;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    alpn: typeof alpn === 'string' && alpn !== '' ? alpn : undefined,
    peerCertificate,
    peerVerified: peerCertificate !== undefined && upgrade.verifies,
    localCertificate: upgrade.certificate,
  };
}

/** Like the system's `ECONNRESET`: the peer left before the handshake was over. */
export function leftDuringHandshake(): Error {
  const error = new Error('the peer closed the connection during the TLS handshake');
  return Object.assign(error, { code: 'ECONNRESET' });
}
