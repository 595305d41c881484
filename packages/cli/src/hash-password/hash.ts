import { formatScramSecret, md5Hash, parseSecret, scramSecretFor } from '@pgweir/protocol';
import { reasonOf } from '../system-error';
import { askPassword } from '../terminal/ask-password';
import type { HashOptions } from '../tools/hash-password';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** Prints what is stored instead of a password, and nothing else. @returns the status to exit with */
export async function hashPassword(options: HashOptions, streams: Streams): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  try {
    const password = stdin.isTTY ? await askTwice(stdin, stderr) : await readLine(stdin);
    stdout.write(`${hashOf(password, options)}\n`);
    return 0;
  } catch (error) {
    stderr.write(`pgweir: ${reasonOf(error)}\n`);
    return 1;
  }
}

/** @throws Error when it cannot be a password */
export function hashOf(password: string, { user, md5, iterations }: HashOptions): string {
  if (password === '') throw new Error('the password is empty');
  if (password.includes('\0')) throw new Error('the password has a NUL byte');
  if (parseSecret(password).kind !== 'plain') {
    throw new Error('that is a hash already, which PostgreSQL and pgweir take as it is');
  }
  const hash =
    md5 && user !== undefined
      ? md5Hash(password, user)
      : formatScramSecret(scramSecretFor(password, { iterations }));
  return user === undefined ? hash : `${quoted(user)} ${quoted(hash)}`;
}

/** As `auth_file` has names and passwords. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

async function askTwice(stdin: NodeJS.ReadStream, stderr: Streams['stderr']): Promise<string> {
  const password = await askPassword('Password: ', stdin, stderr);
  const again = await askPassword('Again: ', stdin, stderr);
  if (password !== again) throw new Error('the two are not the same');
  return password;
}

/** As PgBouncer has it for passwords. */
const BYTES_MAX = 65_536;

/** The one line that there is, with or without its end. */
async function readLine(stdin: NodeJS.ReadStream): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    parts.push(bytes);
    length += bytes.length;
    if (length > BYTES_MAX) throw new Error(`the password has more than ${BYTES_MAX} bytes`);
  }
  const text = Buffer.concat(parts, length)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (/[\r\n]/.test(text)) throw new Error('standard input has more than one line');
  return text;
}
