/** A message from the server. Owns its body. */
export interface BackendMessage {
  /** One character, as the protocol's documentation writes it. */
  readonly tag: string;
  readonly body: Buffer;
}

/** Fields of an ErrorResponse or NoticeResponse by their letter: `C` the SQLSTATE, `M` the text. */
export type NoticeFields = Readonly<Record<string, string>>;

/** @see PostgreSQL documentation, anchor protocol-error-fields */
export function noticeFields(message: BackendMessage): NoticeFields {
  const fields: Record<string, string> = {};
  for (const field of message.body.toString('utf8').split('\0')) {
    if (field !== '') fields[field.charAt(0)] = field.slice(1);
  }
  return fields;
}

/** An ErrorResponse that nobody expected. */
export class BackendError extends Error {
  readonly code: string;
  readonly severity: string;
  readonly fields: NoticeFields;

  constructor(message: BackendMessage) {
    const fields = noticeFields(message);
    super(`${fields.V ?? fields.S}: ${fields.M} (${fields.C})`);
    this.name = 'BackendError';
    this.fields = fields;
    this.code = fields.C ?? '';
    this.severity = fields.V ?? fields.S ?? '';
  }
}

/** The columns of a DataRow as text; null for NULL. */
export function rowValues(message: BackendMessage): (string | null)[] {
  const { body } = message;
  const values: (string | null)[] = [];
  let at = 2;
  for (let left = body.readInt16BE(0); left > 0; left--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.toString('utf8', at, at + length));
    at += Math.max(0, length);
  }
  return values;
}

/** One line for an error's text. */
export function describeMessage(message: BackendMessage): string {
  if (message.tag === 'E' || message.tag === 'N') {
    const { C, M } = noticeFields(message);
    return `${message.tag} ${C} ${M}`;
  }
  return `${message.tag}(${message.body.length})`;
}
