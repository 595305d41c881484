/**
 * What a caught value tells. Looks at its fields, not at its class: errors of the runtime may come from
 * another realm, where `instanceof Error` is false.
 */

/** The system's code of a failed call (`ENOENT`); undefined for other errors. */
export function errorCode(error: unknown): string | undefined {
  return textField(error, 'code');
}

/** The message, in words for people where the system's are cryptic. */
export function reasonOf(error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOENT':
      return 'no such file';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'is a directory';
    default:
      return textField(error, 'message') ?? String(error);
  }
}

export function stackOf(error: unknown): string {
  return textField(error, 'stack') ?? String(error);
}

function textField(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}
