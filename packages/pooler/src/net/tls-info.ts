import { X509Certificate } from 'node:crypto';
import type * as tls from 'node:tls';
import type { TlsInfo } from '../ports/transport';

/** The DER bytes of the first certificate of a PEM text. */
export function derOf(pem: string): Buffer {
  return new X509Certificate(pem).raw;
}

/** What was negotiated on a socket whose handshake is over. */
export function tlsInfoOf(socket: tls.TLSSocket, localCertificate: Buffer | undefined): TlsInfo {
  const alpn = socket.alpnProtocol;
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    alpn: typeof alpn === 'string' && alpn !== '' ? alpn : undefined,
    peerCertificate: socket.getPeerX509Certificate()?.raw,
    localCertificate,
  };
}

/** Like the system's `ECONNRESET`: the peer left before the handshake was over. */
export function leftDuringHandshake(): Error {
  const error = new Error('the peer closed the connection during the TLS handshake');
  return Object.assign(error, { code: 'ECONNRESET' });
}
