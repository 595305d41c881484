import { AuthenticationCode } from './backend-messages';
import { BodyReader } from './body-reader';
import { CANCEL_KEY_BYTES_MAX, CANCEL_KEY_BYTES_MIN } from './startup';
import { Backend, Frontend } from './tags';

/*
 * Bodies (without header) into values. Every function throws ProtocolViolation (08P01) when a field is
 * missing, cut, out of range or followed by more; buffers that it returns are copies.
 */

export type AuthenticationRequest =
  | { readonly kind: 'ok' }
  | { readonly kind: 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Buffer }
  | { readonly kind: 'sasl'; readonly mechanisms: readonly string[] }
  | { readonly kind: 'saslContinue'; readonly data: Buffer }
  | { readonly kind: 'saslFinal'; readonly data: Buffer }
  | { readonly kind: 'unsupported'; readonly code: number };

export function decodeAuthentication(body: Buffer): AuthenticationRequest {
  const reader = new BodyReader(Backend.Authentication, body);
  const code = reader.int32();
  switch (code) {
    case AuthenticationCode.ok:
      reader.end();
      return { kind: 'ok' };
    case AuthenticationCode.cleartext:
      reader.end();
      return { kind: 'cleartext' };
    case AuthenticationCode.md5: {
      const salt = reader.bytes(4);
      reader.end();
      return { kind: 'md5', salt };
    }
    case AuthenticationCode.sasl:
      return { kind: 'sasl', mechanisms: readMechanisms(reader) };
    case AuthenticationCode.saslContinue:
      return { kind: 'saslContinue', data: reader.bytes(reader.left) };
    case AuthenticationCode.saslFinal:
      return { kind: 'saslFinal', data: reader.bytes(reader.left) };
    default:
      return { kind: 'unsupported', code };
  }
}

/** Reads to the empty string that ends the list. The body's length bounds it. */
function readMechanisms(reader: BodyReader): readonly string[] {
  const mechanisms: string[] = [];
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) mechanisms.push(name);
  reader.end();
  return mechanisms;
}

export function decodeParameterStatus(body: Buffer): {
  readonly name: string;
  readonly value: string;
} {
  const reader = new BodyReader(Backend.ParameterStatus, body);
  const name = reader.cstring();
  const value = reader.cstring();
  reader.end();
  return { name, value };
}

export function decodeBackendKeyData(body: Buffer): {
  readonly processId: number;
  readonly key: Buffer;
} {
  const reader = new BodyReader(Backend.BackendKeyData, body);
  const processId = reader.int32();
  if (reader.left < CANCEL_KEY_BYTES_MIN || reader.left > CANCEL_KEY_BYTES_MAX)
    throw reader.violation(`cancel key of ${reader.left} bytes`);
  return { processId, key: reader.bytes(reader.left) };
}

/** What an ErrorResponse or NoticeResponse said, as far as we act on it. */
export type NoticeFields = {
  /** Not translated where the server sends the untranslated word (PostgreSQL 9.6 and later). */
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
};

/** Of ErrorResponse and NoticeResponse. Fields of unknown types are skipped, as the protocol asks. */
export function decodeNotice(body: Buffer): NoticeFields {
  const reader = new BodyReader(Backend.ErrorResponse, body);
  const fields = new Map<string, string>();
  for (let type = reader.uint8(); type !== 0; type = reader.uint8())
    fields.set(String.fromCharCode(type), reader.cstring());
  reader.end();
  const severity = fields.get('V') ?? fields.get('S');
  const code = fields.get('C');
  const message = fields.get('M');
  if (severity === undefined || code === undefined || message === undefined)
    throw reader.violation('severity, code and message are not optional');
  const detail = fields.get('D');
  const hint = fields.get('H');
  return {
    severity,
    code,
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(hint === undefined ? {} : { hint }),
  };
}

/**
 * The version comes as major and minor in one number (PostgreSQL) or as the bare minor (the protocol's
 * description can be read that way); both are taken.
 */
export function decodeNegotiateProtocolVersion(body: Buffer): {
  readonly minor: number;
  readonly unrecognized: readonly string[];
} {
  const reader = new BodyReader(Backend.NegotiateProtocolVersion, body);
  const version = reader.int32();
  const major = version >>> 16;
  if (major !== 0 && major !== 3) throw reader.violation(`major version ${major}`);
  const count = reader.int32();
  // Each name takes at least its terminator, so the body bounds the count before the loop trusts it.
  if (count < 0 || count > reader.left) throw reader.violation(`${count} unrecognized options`);
  const unrecognized: string[] = [];
  for (let i = 0; i < count; i++) unrecognized.push(reader.cstring());
  reader.end();
  return { minor: version & 0xffff, unrecognized };
}

export function decodePasswordMessage(body: Buffer): string {
  return decodeText(Frontend.Password, body);
}

export function decodeSaslInitialResponse(body: Buffer): {
  readonly mechanism: string;
  /** Undefined when the client sent none (length -1), which differs from an empty one. */
  readonly data: Buffer | undefined;
} {
  const reader = new BodyReader(Frontend.Password, body);
  const mechanism = reader.cstring();
  const length = reader.int32();
  const data = length === -1 ? undefined : reader.bytes(length);
  reader.end();
  return { mechanism, data };
}

/** The tag of a CommandComplete, such as `INSERT 0 1`. */
export function decodeCommandTag(body: Buffer): string {
  return decodeText(Backend.CommandComplete, body);
}

/** The columns of a DataRow in text format; null: NULL. */
export function decodeDataRow(body: Buffer): (string | null)[] {
  const reader = new BodyReader(Backend.DataRow, body);
  const count = reader.int16();
  const columns: (string | null)[] = [];
  for (let index = 0; index < count; index++) {
    const length = reader.int32();
    columns.push(length < 0 ? null : reader.bytes(length).toString('utf8'));
  }
  reader.end();
  return columns;
}

/** The text of a Query. To look at, not to send on: bytes that are not UTF-8 are lost. */
export function decodeQuery(body: Buffer): string {
  return decodeText(Frontend.Query, body);
}

/** `parameterTypes`: OIDs; 0 leaves one open. */
export function decodeParse(body: Buffer): {
  readonly name: string;
  readonly sql: string;
  readonly parameterTypes: readonly number[];
} {
  const reader = new BodyReader(Frontend.Parse, body);
  const name = reader.cstring();
  const sql = reader.cstring();
  const parameterTypes = readList(reader, () => reader.int32());
  reader.end();
  return { name, sql, parameterTypes };
}

/** Formats are 0 (text) or 1 (binary): none for text, one for all, or one for each. */
export function decodeBind(body: Buffer): {
  readonly portal: string;
  readonly statement: string;
  readonly parameterFormats: readonly number[];
  readonly parameters: readonly (Buffer | null)[];
  readonly resultFormats: readonly number[];
} {
  const reader = new BodyReader(Frontend.Bind, body);
  const portal = reader.cstring();
  const statement = reader.cstring();
  const parameterFormats = readList(reader, () => reader.int16());
  const parameters = readList(reader, () => {
    const length = reader.int32();
    return length < 0 ? null : reader.bytes(length);
  });
  const resultFormats = readList(reader, () => reader.int16());
  reader.end();
  return { portal, statement, parameterFormats, parameters, resultFormats };
}

/** What a Describe or Close speaks of. */
export function decodeTarget(
  tag: typeof Frontend.Close | typeof Frontend.Describe,
  body: Buffer,
): { readonly kind: 'statement' | 'portal'; readonly name: string } {
  const reader = new BodyReader(tag, body);
  const kind = String.fromCharCode(reader.uint8());
  if (kind !== 'S' && kind !== 'P') throw reader.violation('neither a statement nor a portal');
  const name = reader.cstring();
  reader.end();
  return { kind: kind === 'S' ? 'statement' : 'portal', name };
}

/** `rowsMax`: 0 or less for all. */
export function decodeExecute(body: Buffer): { readonly portal: string; readonly rowsMax: number } {
  const reader = new BodyReader(Frontend.Execute, body);
  const portal = reader.cstring();
  const rowsMax = reader.int32();
  reader.end();
  return { portal, rowsMax };
}

/** A count and as many items. The body's length bounds it: each item takes bytes of it. */
function readList<Item>(reader: BodyReader, read: () => Item): readonly Item[] {
  const count = reader.int16();
  if (count < 0) throw reader.violation('negative count');
  const items: Item[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}

function decodeText(tag: number, body: Buffer): string {
  const reader = new BodyReader(tag, body);
  const text = reader.cstring();
  reader.end();
  return text;
}
