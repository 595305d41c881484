import { type StoredSecret, type UserName, userName } from '@pgweir/pooler';
import { parseSecret } from '@pgweir/protocol';
import type { Findings, Place } from './finding';
import { PASSWORD_BYTES_MAX, USER_NAME_BYTES_MAX } from './settings/names';

const BLANK_OR_COMMENT = /^\s*(?:;|$)/;
/** What follows the password is ignored, as in PgBouncer. */
const USER = /^\s*"((?:[^"]|"")*)"\s+"((?:[^"]|"")*)"(?:\s|$)/;

/** The users of an auth_file. */
export interface Userlist {
  readonly names: readonly UserName[];
  /** The secret of `user`, or undefined when it is not there. */
  lookup(user: UserName): StoredSecret | undefined;
}

/**
 * Reads an auth_file: `"user" "password"` on each line. The last line of a user counts. A bad line is a
 * problem, and the others are still read. No message shows any part of a line: it may be a password.
 */
export function readUserlist(text: string, file: string, findings: Findings): Userlist {
  const secrets = new Map<UserName, { readonly secret: StoredSecret; readonly line: number }>();
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .forEach((line, index) => {
      if (BLANK_OR_COMMENT.test(line)) return;
      const place = { file, line: index + 1 };
      const user = readUser(line, place, findings);
      if (user === undefined) return;
      const earlier = secrets.get(user.name);
      if (earlier !== undefined) {
        const message = `the user of line ${earlier.line} again; this line counts`;
        findings.warning(place, message);
      }
      secrets.set(user.name, { secret: user.secret, line: place.line });
    });
  return { names: [...secrets.keys()], lookup: (user) => secrets.get(user)?.secret };
}

/** Knows nobody: there is no auth_file. */
export const NO_CREDENTIALS: Userlist = { names: [], lookup: () => undefined };

function readUser(
  line: string,
  place: Place,
  findings: Findings,
): { readonly name: UserName; readonly secret: StoredSecret } | undefined {
  const match = USER.exec(line);
  if (match === null || line.includes('\0')) {
    findings.problem(place, 'syntax error: expected "user" "password", both in double quotes');
    return undefined;
  }
  const name = (match[1] ?? '').replaceAll('""', '"');
  const password = (match[2] ?? '').replaceAll('""', '"');
  if (name === '') {
    findings.problem(place, 'the name of the user is empty');
    return undefined;
  }
  if (Buffer.byteLength(name) > USER_NAME_BYTES_MAX) {
    findings.problem(place, `the name of the user is longer than ${USER_NAME_BYTES_MAX} bytes`);
    return undefined;
  }
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    findings.problem(place, `the password is longer than ${PASSWORD_BYTES_MAX} bytes`);
    return undefined;
  }
  const secret = parseSecret(password);
  if (secret.kind === 'plain' && /^(?:SCRAM-SHA-256\$|md5[0-9a-f]{32})/i.test(password)) {
    findings.warning(place, 'looks like a hashed password but is none: taken as plain text');
  }
  return { name: userName(name), secret };
}
