import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import { reasonOf } from '../system-error';
import type { ConsoleTarget, TlsChoice } from './console-connection';

const PORT = 6432;
const PARAMETERS = ['sslmode', 'sslrootcert', 'host'] as const;
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'] as const;
type Mode = (typeof MODES)[number];

interface Reading {
  /** The text of a file. @throws the system's error */
  readonly readFile: (file: string) => string;
}

/**
 * `postgres://user:password@host:port`, with `?sslmode=` and `sslrootcert=` as libpq has them, and for the
 * directory of a Unix socket `host=`. Whatever else it says is refused: nobody should believe in it.
 *
 * @returns `why` when it cannot be used, which shows nothing of its password
 */
export function readConsoleUrl(
  text: string,
  { readFile }: Reading,
): ConsoleTarget | { readonly why: string } {
  const url = parsed(text);
  if (url === undefined) return { why: '--url is not postgres://user@host:port' };
  const { searchParams: given } = url;
  const strange = [...given.keys()].find((key) => !PARAMETERS.some((known) => known === key));
  if (strange !== undefined) {
    return { why: `--url: ${strange} is not known; accepted: ${PARAMETERS.join(', ')}` };
  }
  if (!['', '/', '/pgbouncer'].includes(url.pathname)) {
    return { why: '--url: the console is the database pgbouncer' };
  }
  const asked = given.get('sslmode') ?? 'prefer';
  const mode = MODES.find((known) => known === asked);
  if (mode === undefined) return { why: `--url: accepted for sslmode: ${MODES.join(', ')}` };
  const host = given.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  const rootFile = given.get('sslrootcert') ?? undefined;
  let ca: string | undefined;
  try {
    ca = rootFile === undefined ? undefined : readFile(rootFile);
  } catch (error) {
    return { why: `--url: sslrootcert: ${reasonOf(error)}` };
  }
  const port = Number(url.port === '' ? PORT : url.port);
  const { user, password } = url;
  const where = { host: host === '' ? '127.0.0.1' : host, port, user, password };
  return { ...where, tls: choices(where.host, mode, ca), proof: 'any' };
}

interface ParsedUrl {
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly searchParams: URLSearchParams;
  readonly user: string;
  readonly password: string | undefined;
}

function parsed(text: string): ParsedUrl | undefined {
  try {
    const url = new URL(text);
    if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') return undefined;
    const { hostname, port, pathname, searchParams } = url;
    const user = decodeURIComponent(url.username);
    if (user === '') return undefined;
    const password = url.password === '' ? undefined : decodeURIComponent(url.password);
    return { hostname, port, pathname, searchParams, user, password };
  } catch {
    // No URL, or one that cannot be decoded: both are none.
    return undefined;
  }
}

/** As libpq: with a file of authorities `require` is `verify-ca`, and a Unix socket has no TLS. */
function choices(host: string, mode: Mode, ca: string | undefined): ConsoleTarget['tls'] {
  if (/^[/@]/.test(host) || mode === 'disable') return [false];
  const isVerified = mode.startsWith('verify') || (mode === 'require' && ca !== undefined);
  const tls: ConnectionOptions = {
    ...(ca === undefined ? {} : { ca }),
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: isVerified,
    checkServerIdentity: (_, certificate) =>
      mode === 'verify-full' ? checkServerIdentity(host, certificate) : undefined,
  };
  const byMode: Readonly<Partial<Record<Mode, readonly [TlsChoice, TlsChoice]>>> = {
    allow: [false, tls],
    prefer: [tls, false],
  };
  return byMode[mode] ?? [tls];
}
