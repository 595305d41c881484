import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TlsClientOptions, TlsServerOptions } from '../../src/ports/transport';

const CERTS = join(__dirname, '../../../testkit/certs');

/** The text of a file among the test certificates. */
export function pem(file: string): string {
  return readFileSync(join(CERTS, file), 'utf8');
}

/** Asks clients for no certificate. */
export const SERVER_TLS: TlsServerOptions = {
  key: pem('server.key'),
  cert: pem('server.crt'),
  ca: undefined,
  clientCertificate: 'none',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: undefined,
  ecdhCurve: undefined,
  dhparam: undefined,
};

/** Accepts every server. */
export const CLIENT_TLS: TlsClientOptions = {
  key: undefined,
  cert: undefined,
  ca: undefined,
  verify: 'none',
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: undefined,
};
