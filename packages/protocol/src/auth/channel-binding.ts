import { createHash } from 'node:crypto';
import { CONTEXT_0, OBJECT_IDENTIFIER, readElement, SEQUENCE } from './der';

/**
 * Channel binding data of type `tls-server-end-point`: the server certificate's digest under the hash of
 * its own signature, where MD5 and SHA-1 give way to SHA-256.
 *
 * @returns undefined when the bytes are no certificate, or when its signature has no single hash
 *   (Ed25519, Ed448) or one that we do not know. Then channel binding is not to be had.
 * @see RFC 5929, section 4.1
 */
export function tlsServerEndPoint(certificateDer: Buffer): Buffer | undefined {
  if (!known.has(certificateDer)) known.set(certificateDer, endPointOf(certificateDer));
  return known.get(certificateDer);
}

/** A server shows the same certificate to all its clients. */
const known = new WeakMap<Buffer, Buffer | undefined>();

function endPointOf(certificateDer: Buffer): Buffer | undefined {
  const algorithm = signatureAlgorithm(certificateDer);
  if (algorithm === undefined) return undefined;
  const oid = algorithm.oid.toString('hex');
  const hash = oid === RSA_PSS ? pssHash(algorithm.parameters) : SIGNATURE_HASHES.get(oid);
  return hash === undefined ? undefined : createHash(hash).update(certificateDer).digest();
}

/** Contents of the DER object identifier, in hex. RSASSA-PSS: the hash is in the parameters. */
const RSA_PSS = '2a864886f70d01010a';

const SIGNATURE_HASHES: ReadonlyMap<string, string> = new Map([
  ['2a864886f70d010104', 'sha256'], // md5WithRSAEncryption
  ['2a864886f70d010105', 'sha256'], // sha1WithRSAEncryption
  ['2a864886f70d01010e', 'sha224'], // sha224WithRSAEncryption
  ['2a864886f70d01010b', 'sha256'], // sha256WithRSAEncryption
  ['2a864886f70d01010c', 'sha384'], // sha384WithRSAEncryption
  ['2a864886f70d01010d', 'sha512'], // sha512WithRSAEncryption
  ['2a8648ce3d0401', 'sha256'], // ecdsa-with-SHA1
  ['2a8648ce3d040301', 'sha224'], // ecdsa-with-SHA224
  ['2a8648ce3d040302', 'sha256'], // ecdsa-with-SHA256
  ['2a8648ce3d040303', 'sha384'], // ecdsa-with-SHA384
  ['2a8648ce3d040304', 'sha512'], // ecdsa-with-SHA512
]);

const DIGESTS: ReadonlyMap<string, string> = new Map([
  ['2b0e03021a', 'sha256'], // id-sha1
  ['608648016503040204', 'sha224'],
  ['608648016503040201', 'sha256'],
  ['608648016503040202', 'sha384'],
  ['608648016503040203', 'sha512'],
]);

type Algorithm = { readonly oid: Buffer; readonly parameters: Buffer };

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } */
function signatureAlgorithm(certificateDer: Buffer): Algorithm | undefined {
  const certificate = readElement(certificateDer, SEQUENCE);
  if (certificate === undefined || certificate.rest.length !== 0) return undefined;
  const signed = readElement(certificate.content, SEQUENCE);
  return signed === undefined ? undefined : readAlgorithm(signed.rest);
}

/** AlgorithmIdentifier ::= SEQUENCE { algorithm OBJECT IDENTIFIER, parameters ANY OPTIONAL } */
function readAlgorithm(der: Buffer): Algorithm | undefined {
  const identifier = readElement(der, SEQUENCE);
  if (identifier === undefined) return undefined;
  const oid = readElement(identifier.content, OBJECT_IDENTIFIER);
  return oid === undefined ? undefined : { oid: oid.content, parameters: oid.rest };
}

/** RSASSA-PSS-params ::= SEQUENCE { hashAlgorithm [0] DEFAULT sha1, maskGenAlgorithm [1] ... } */
function pssHash(parameters: Buffer): string | undefined {
  const sequence = readElement(parameters, SEQUENCE);
  if (sequence === undefined) return undefined;
  if (sequence.content[0] !== CONTEXT_0) return 'sha256'; // the default, SHA-1, gives way to SHA-256
  const hash = readElement(sequence.content, CONTEXT_0);
  const algorithm = hash === undefined ? undefined : readAlgorithm(hash.content);
  return algorithm === undefined ? undefined : DIGESTS.get(algorithm.oid.toString('hex'));
}
