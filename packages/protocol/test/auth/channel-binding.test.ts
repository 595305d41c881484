import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { tlsServerEndPoint } from '../../src';

const certificates = readFileSync(join(__dirname, 'certificates.txt'), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [name = '', digest = '', der = ''] = line.split(' ');
    return { name, digest, der: Buffer.from(der, 'base64') };
  });

test('there are certificates of all kinds, and they are whole', () => {
  expect(certificates).toHaveLength(10);
  for (const { name, der } of certificates)
    expect(new X509Certificate(der).subject).toBe(`CN=${name}`);
});

test.each(certificates)('the binding data of $name are those of openssl', ({ digest, der }) => {
  expect(tlsServerEndPoint(der)?.toString('hex') ?? 'none').toBe(digest);
});

test('bytes that are no certificate give nothing', () => {
  for (const bytes of ['', '30', '3000', '3080', '30820000', '3084ffffffff', '0500', '30023000'])
    expect(tlsServerEndPoint(Buffer.from(bytes, 'hex'))).toBeUndefined();
});

test('a certificate that is cut short, or has more behind it, gives nothing', () => {
  for (const { der } of certificates) {
    for (let length = 0; length < der.length; length++)
      expect(tlsServerEndPoint(der.subarray(0, length))).toBeUndefined();
    expect(tlsServerEndPoint(Buffer.concat([der, Buffer.of(0)]))).toBeUndefined();
  }
});

test('a changed certificate gives a digest or nothing, without an exception', () => {
  const change = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      fc.constantFrom(...certificates),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      ({ der }, changes) => {
        const bytes = Buffer.from(der);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        const digest = tlsServerEndPoint(bytes);
        expect([undefined, 28, 32, 48, 64]).toContain(digest?.length);
      },
    ),
    { numRuns: 1000 },
  );
});
