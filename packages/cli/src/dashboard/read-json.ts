import type { PageOrder } from '@pgweir/dashboard';

const NAME_CHARS_MAX = 255;
const PASSWORD_CHARS_MAX = 1024;

/** Bytes that strangers send, as JSON; undefined: they are no object. */
function fieldsOf(body: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? Object.fromEntries(Object.entries(value)) : undefined;
  } catch {
    return undefined;
  }
}

const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= NAME_CHARS_MAX;

/** undefined: it is no order. */
export function readOrder(body: Buffer): PageOrder | undefined {
  const { kind, database, host } = fieldsOf(body) ?? {};
  switch (kind) {
    case 'pause':
    case 'resume':
    case 'reconnect':
      if (database === undefined) return { kind };
      return isName(database) ? { kind, database } : undefined;
    case 'disable':
    case 'enable':
      return isName(database) ? { kind, database } : undefined;
    case 'ban':
    case 'unban':
      return isName(host) ? { kind, host } : undefined;
    case 'reload':
      return { kind };
    default:
      return undefined;
  }
}

/** undefined: there is none. */
export function readPassword(body: Buffer): string | undefined {
  const password = fieldsOf(body)?.password;
  const isOne = typeof password === 'string' && password.length <= PASSWORD_CHARS_MAX;
  return isOne ? password : undefined;
}
