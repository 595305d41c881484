import { join } from 'node:path';
import { GENERIC } from '../config/settings/generic';

/** What a pgweir has said about itself. */
export type Health =
  | { readonly kind: 'serving' }
  /** It is there, and turns clients away. */
  | { readonly kind: 'rejecting'; readonly why: string }
  | { readonly kind: 'silent'; readonly why: string };

/** As `net.connect` wants it; a path that begins with `@` is a name in Linux's abstract name space. */
export type SocketAddress =
  | { readonly host: string; readonly port: number; readonly path?: undefined }
  | { readonly path: string };

/** Who is asked. */
export interface HealthTarget {
  readonly kind: 'http' | 'listener';
  readonly address: SocketAddress;
}

/**
 * Where a pgweir on this host can be asked, by the last values of `[pgbouncer]` as its files have them.
 * Reads no other file: a check may run as somebody who must not see passwords.
 */
export function healthTarget(
  setting: (name: string) => string | undefined,
): HealthTarget | { readonly why: string } {
  const metrics = setting('metrics_addr') ?? '';
  if (metrics !== '') {
    const address = readAddress(metrics);
    if (address === undefined) return { why: `metrics_addr = ${metrics} is not host:port` };
    return { kind: 'http', address };
  }
  const port = Number(setting('listen_port') ?? GENERIC.listen_port.default);
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX) {
    return { why: 'listen_port is no port to connect to' };
  }
  const [host] = (setting('listen_addr') ?? '').split(',').map((one) => one.trim());
  if (host) return { kind: 'listener', address: { host: reachable(host), port } };
  const dir = setting('unix_socket_dir') ?? GENERIC.unix_socket_dir.default;
  if (dir === '') return { why: 'neither listen_addr nor unix_socket_dir nor metrics_addr is set' };
  const name = `.s.PGSQL.${port}`;
  return { kind: 'listener', address: { path: join(dir, name) } };
}

const PORT_MAX = 65_535;

/** `host:port`, `[::1]:port`, `*:port`, `:port`, or the path of a socket; undefined: none of them. */
export function readAddress(text: string): SocketAddress | undefined {
  if (/^[/@]./.test(text)) return { path: text };
  const [, bracketed, plain = '', digits = ''] =
    /^(?:\[([\da-fA-F:.%\w]+)\]|([^:\s]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > PORT_MAX) return undefined;
  return { host: reachable(bracketed ?? plain), port };
}

/** Nobody can connect to what means "all addresses". */
function reachable(host: string): string {
  if (host === '::') return '::1';
  return host === '*' || host === '' || host === '0.0.0.0' ? '127.0.0.1' : host;
}
