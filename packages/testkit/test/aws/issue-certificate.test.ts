import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bunProgram, certsDir, issueCertificate } from '@pgweir/testkit';

const { key, cert } = issueCertificate(['db.example', '127.0.0.2']);

test('a certificate is of the CA, for all of its names', () => {
  const ca = new X509Certificate(readFileSync(join(certsDir(), 'ca.crt')));
  const issued = new X509Certificate(cert);
  expect(issued.verify(ca.publicKey)).toBe(true);
  expect(issued.checkIssued(ca)).toBe(true);
  expect(issued.subjectAltName).toBe(
    'DNS:localhost, IP Address:127.0.0.1, DNS:db.example, IP Address:127.0.0.2',
  );
  expect(key).toContain('PRIVATE KEY');
});

test('Bun, which takes nothing but strict DER, can read it', () => {
  const code = `console.log(new (require('node:crypto').X509Certificate)(${JSON.stringify(cert)}).subject)`;

  expect(execFileSync(bunProgram(), ['-e', code], { encoding: 'utf8' })).toContain('CN=db.example');
});
