import { PASSWORD_BYTES_MAX, USER_NAME_BYTES_MAX } from '../config/settings/names';

/** What a secret says. `undefined`: nothing of that. */
export interface SecretValue {
  readonly user: string | undefined;
  readonly password: string;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly dbname: string | undefined;
}

export type ParsedSecret =
  | { readonly kind: 'ok'; readonly value: SecretValue }
  /** `reason` shows nothing of the secret. */
  | { readonly kind: 'bad'; readonly reason: string };

/**
 * Reads the text of a secret: a JSON object as RDS and its rotation functions write it. Where `mayBePlain`
 * a text that does not begin with a brace is the password itself; a line break at its end does not count.
 */
export function parseSecretText(
  text: string,
  { mayBePlain }: { readonly mayBePlain: boolean },
): ParsedSecret {
  const content = text.replace(/^\uFEFF/, '');
  if (mayBePlain && !content.trimStart().startsWith('{')) {
    return checked({ password: content.replace(/\r?\n$/, '') });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch {
    // Its message would show a part of the secret.
    return bad('it is not valid JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return bad('it is not a JSON object');
  }
  return checked(parsed);
}

function checked(from: object): ParsedSecret {
  const fields = new Map<string, unknown>(Object.entries(from));
  const password = fields.get('password');
  const user = fields.get('username');
  if (typeof password !== 'string' || password === '') return bad('it has no password');
  if (!fits(password, PASSWORD_BYTES_MAX)) return bad('its password cannot be one of PostgreSQL');
  if (user !== undefined && (typeof user !== 'string' || !fits(user, USER_NAME_BYTES_MAX)))
    return bad('its username is not the name of a user');
  const [host, dbname] = ['host', 'dbname'].map((name) => {
    const value = fields.get(name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  });
  // AWS writes a number, and people write texts.
  const port = Number(fields.get('port') ?? Number.NaN);
  return {
    kind: 'ok',
    value: {
      ...{ password, host, dbname },
      user: user === '' ? undefined : user,
      port: Number.isInteger(port) ? port : undefined,
    },
  };
}

function fits(text: string, bytesMax: number): boolean {
  return Buffer.byteLength(text) <= bytesMax && !text.includes('\0');
}

function bad(reason: string): ParsedSecret {
  return { kind: 'bad', reason };
}
