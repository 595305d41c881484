import { bytesOf, cstring, int16, int32, message } from './message-writer';
import { Backend } from './tags';

/** What we may say in an ErrorResponse or NoticeResponse. `code` is a SQLSTATE. */
export type ErrorFields = {
  readonly severity: 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
};

/** A column of our own answers, never of a table. */
export type ColumnDescription = {
  readonly name: string;
  readonly typeOid: number;
  /** Bytes; negative for types of variable width. */
  readonly typeLength: number;
  /** Undefined: text. */
  readonly format?: 'binary' | undefined;
};

const PROTOCOL_MAJOR = 3;

/** The request codes of Authentication messages. */
export const AuthenticationCode = {
  ok: 0,
  cleartext: 3,
  md5: 5,
  sasl: 10,
  saslContinue: 11,
  saslFinal: 12,
} as const;

function authentication(code: number, ...rest: readonly Buffer[]): Buffer {
  return message(Backend.Authentication, [int32(code), ...rest]);
}

export function authenticationOk(): Buffer {
  return authentication(AuthenticationCode.ok);
}

export function authenticationCleartext(): Buffer {
  return authentication(AuthenticationCode.cleartext);
}

/** @param salt four bytes */
export function authenticationMd5(salt: Buffer): Buffer {
  if (salt.length !== 4) throw new RangeError(`an MD5 salt has 4 bytes, not ${salt.length}`);
  return authentication(AuthenticationCode.md5, salt);
}

export function authenticationSasl(mechanisms: readonly string[]): Buffer {
  return authentication(AuthenticationCode.sasl, ...mechanisms.map(cstring), cstring(''));
}

export function authenticationSaslContinue(data: Buffer | string): Buffer {
  return authentication(AuthenticationCode.saslContinue, bytesOf(data));
}

export function authenticationSaslFinal(data: Buffer | string): Buffer {
  return authentication(AuthenticationCode.saslFinal, bytesOf(data));
}

/** `rest`: channel and payload, each with its NUL. */
export function notificationResponse(processId: number, rest: Buffer): Buffer {
  return message(Backend.NotificationResponse, [int32(processId), rest]);
}

export function parameterStatus(name: string, value: string): Buffer {
  return message(Backend.ParameterStatus, [cstring(name), cstring(value)]);
}

/** @param key 4 bytes in protocol 3.0, up to 256 from 3.2 on */
export function backendKeyData(processId: number, key: Buffer): Buffer {
  return message(Backend.BackendKeyData, [int32(processId), key]);
}

export function readyForQuery(status: 'I' | 'T' | 'E'): Buffer {
  return message(Backend.ReadyForQuery, [Buffer.from(status, 'latin1')]);
}

/**
 * @param minor the minor version that the connection will speak: the smaller of the one asked for and
 *   our newest. On the wire it goes with the major one, as in PostgreSQL (3.2 is 0x00030002)
 * @param unrecognized names of the `_pq_.` options that we do not know
 */
export function negotiateProtocolVersion(minor: number, unrecognized: readonly string[]): Buffer {
  return message(Backend.NegotiateProtocolVersion, [
    int32((PROTOCOL_MAJOR << 16) | minor),
    int32(unrecognized.length),
    ...unrecognized.map(cstring),
  ]);
}

export function errorResponse(fields: ErrorFields): Buffer {
  return message(Backend.ErrorResponse, noticeParts(fields));
}

export function noticeResponse(fields: ErrorFields): Buffer {
  return message(Backend.NoticeResponse, noticeParts(fields));
}

function noticeParts(fields: ErrorFields): readonly Buffer[] {
  const parts = [
    noticeField('S', fields.severity),
    noticeField('V', fields.severity),
    noticeField('C', fields.code),
    noticeField('M', fields.message),
  ];
  if (fields.detail !== undefined) parts.push(noticeField('D', fields.detail));
  if (fields.hint !== undefined) parts.push(noticeField('H', fields.hint));
  parts.push(cstring(''));
  return parts;
}

/** Error texts may quote what a peer sent, so a NUL is replaced here: an error must not fail in turn. */
function noticeField(type: string, text: string): Buffer {
  return cstring(type + text.replaceAll('\0', '\ufffd'));
}

export function commandComplete(tag: string): Buffer {
  return message(Backend.CommandComplete, [cstring(tag)]);
}

export function emptyQueryResponse(): Buffer {
  return message(Backend.EmptyQueryResponse, []);
}

/** Without fields: what has been asked for is done. */
export function parseComplete(): Buffer {
  return message(Backend.ParseComplete, []);
}

export function bindComplete(): Buffer {
  return message(Backend.BindComplete, []);
}

export function closeComplete(): Buffer {
  return message(Backend.CloseComplete, []);
}

/** A statement that returns no rows was described. */
export function noData(): Buffer {
  return message(Backend.NoData, []);
}

/** An Execute with a limit of rows has come to it. */
export function portalSuspended(): Buffer {
  return message(Backend.PortalSuspended, []);
}

export function parameterDescription(typeOids: readonly number[]): Buffer {
  return message(Backend.ParameterDescription, [int16(typeOids.length), ...typeOids.map(int32)]);
}

const NO_TABLE = 0;
const NO_TYPE_MODIFIER = -1;
const TEXT_FORMAT = 0;
const BINARY_FORMAT = 1;

export function rowDescription(columns: readonly ColumnDescription[]): Buffer {
  const parts = [int16(columns.length)];
  for (const column of columns) {
    parts.push(cstring(column.name), int32(NO_TABLE), int16(0), int32(column.typeOid));
    const format = column.format === undefined ? TEXT_FORMAT : BINARY_FORMAT;
    parts.push(int16(column.typeLength), int32(NO_TYPE_MODIFIER), int16(format));
  }
  return message(Backend.RowDescription, parts);
}

/** A row: strings in text format, bytes as they are; null is SQL's NULL. */
export function dataRow(values: readonly (Buffer | string | null)[]): Buffer {
  const parts = [int16(values.length)];
  for (const value of values) {
    if (value === null) {
      parts.push(int32(-1));
    } else {
      const bytes = bytesOf(value);
      parts.push(int32(bytes.length), bytes);
    }
  }
  return message(Backend.DataRow, parts);
}
