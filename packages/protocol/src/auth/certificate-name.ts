import { CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, readElement, SEQUENCE, SET } from './der';

/** What a certificate says who its owner is, or why that cannot be told for certain. */
export type CommonName =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'none'; readonly why: string };

/**
 * The common name in the subject of a certificate. Whether the certificate is valid is not asked here.
 *
 * What could be read in two ways is no name: several common names, a NUL or another control character in
 * it, a text that is not UTF-8, or a kind of string that nobody uses any more. Read from the bytes, since
 * the text that a runtime makes of a subject depends on how it escapes.
 *
 * @see RFC 5280, sections 4.1.2.6 and 4.1.2.4
 */
export function commonName(certificateDer: Buffer): CommonName {
  const subject = subjectOf(certificateDer);
  const names = subject === undefined ? undefined : commonNames(subject);
  if (names === undefined) return none('the certificate cannot be read');
  const [first, ...more] = names;
  if (first === undefined) return none('the certificate has no common name');
  if (more.length > 0) return none('the certificate has several common names');
  return nameOf(first);
}

function none(why: string): CommonName {
  return { kind: 'none', why };
}

/** TBSCertificate ::= SEQUENCE { [0] version, serialNumber, signature, issuer, validity, subject ... } */
function subjectOf(certificateDer: Buffer): Buffer | undefined {
  const certificate = readElement(certificateDer, SEQUENCE);
  if (certificate === undefined || certificate.rest.length !== 0) return undefined;
  const signed = readElement(certificate.content, SEQUENCE);
  if (signed === undefined) return undefined;
  let rest: Buffer | undefined = signed.content;
  if (rest[0] === CONTEXT_0) rest = readElement(rest, CONTEXT_0)?.rest;
  for (const tag of [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE]) {
    rest = rest === undefined ? undefined : readElement(rest, tag)?.rest;
  }
  return rest === undefined ? undefined : readElement(rest, SEQUENCE)?.content;
}

interface NameValue {
  readonly tag: number;
  readonly bytes: Buffer;
}

/** Contents of the object identifier of commonName: 2.5.4.3. */
const COMMON_NAME = '550403';

/** Name ::= SEQUENCE OF SET OF SEQUENCE { type OBJECT IDENTIFIER, value ANY } */
function commonNames(subject: Buffer): readonly NameValue[] | undefined {
  const found: NameValue[] = [];
  for (let sets = subject; sets.length > 0; ) {
    const set = readElement(sets, SET);
    if (set === undefined) return undefined;
    for (let pairs = set.content; pairs.length > 0; ) {
      const pair = readElement(pairs, SEQUENCE);
      const type = pair === undefined ? undefined : readElement(pair.content, OBJECT_IDENTIFIER);
      const tag = type?.rest[0];
      if (pair === undefined || type === undefined || tag === undefined) return undefined;
      const value = readElement(type.rest, tag);
      if (value === undefined || value.rest.length !== 0) return undefined;
      if (type.content.toString('hex') === COMMON_NAME) found.push({ tag, bytes: value.content });
      pairs = pair.rest;
    }
    sets = set.rest;
  }
  return found;
}

/** UTF8String, PrintableString and IA5String; the two last hold ASCII. */
const TEXT_TAGS = [0x0c, 0x13, 0x16];

function nameOf({ tag, bytes }: NameValue): CommonName {
  if (!TEXT_TAGS.includes(tag)) return none('the common name is in an outdated kind of string');
  const name = bytes.toString('utf8');
  if (!Buffer.from(name, 'utf8').equals(bytes)) return none('the common name is not UTF-8');
  if (name === '') return none('the common name is empty');
  // Control characters, NUL above all: whoever reads up to it would read another name.
  for (const byte of bytes) {
    if (byte < 0x20 || byte === 0x7f) return none('the common name has a control character');
  }
  return { kind: 'name', name };
}
