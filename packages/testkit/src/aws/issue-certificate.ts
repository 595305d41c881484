import { createPrivateKey, createPublicKey, randomBytes, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { certsDir } from '../certs';
import { element } from '../ldap/ber';

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
/** Of the algorithm, the name's attribute and the extension, as DER has them. */
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex');

/**
 * A certificate of testkit's CA for any host names and IPv4 addresses, besides `localhost` and 127.0.0.1.
 * Its key is that of `server.crt`.
 *
 * @returns both as PEM
 */
export function issueCertificate(hosts: readonly string[]): { key: string; cert: string } {
  const read = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');
  const key = read('server.key');
  const all = ['localhost', '127.0.0.1', ...hosts];
  const algorithm = element(SEQUENCE, element(OID, ECDSA_WITH_SHA256));
  const name = (text: string): Buffer =>
    element(
      SEQUENCE,
      element(SET, element(SEQUENCE, element(OID, COMMON_NAME), element(0x0c, text))),
    );
  const serial = randomBytes(8);
  serial[0] = 1;
  const issuer = new X509Certificate(read('ca.crt')).subject.replace(/^CN=/, '');
  const alternatives = element(
    SEQUENCE,
    ...all.map((host) =>
      isIPv4(host) ? element(0x87, Buffer.from(host.split('.').map(Number))) : element(0x82, host),
    ),
  );
  const extension = element(SEQUENCE, element(OID, SUBJECT_ALT_NAME), element(0x04, alternatives));
  const body = element(
    SEQUENCE,
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, serial),
    algorithm,
    name(issuer),
    element(SEQUENCE, element(0x17, '240101000000Z'), element(0x17, '490101000000Z')),
    name(hosts[0] ?? 'localhost'),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    element(0xa3, element(SEQUENCE, extension)),
  );
  const signature = sign('sha256', body, createPrivateKey(read('ca.key')));
  const whole = element(SEQUENCE, body, algorithm, element(0x03, Buffer.from([0]), signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join(
    '\n',
  );
  return { key, cert };
}
