import saslprep from '@mongodb-js/saslprep';

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, control characters included
const ASCII = /^[\x00-\x7f]*$/;

/**
 * SASLprep (RFC 4013) as PostgreSQL applies it: ASCII is taken as it is, and a password that cannot be
 * prepared (prohibited or unassigned characters, mixed directions, nothing left) is used raw.
 */
export function preparePassword(password: string): string {
  if (ASCII.test(password)) return password;
  try {
    return saslprep(password);
  } catch {
    return password;
  }
}
