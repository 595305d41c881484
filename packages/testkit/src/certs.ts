import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The folder of the committed test certificates: `ca.crt` signed `server.crt` (with `server.key`) and
 * `client.crt` (with `client.key`); `other-ca.crt` signed neither.
 *
 * @throws Error when it is not there
 */
export function certsDir(): string {
  const dir = join(__dirname, '..', 'certs');
  if (!existsSync(join(dir, 'server.key'))) throw new Error(`no certificates in ${dir}`);
  return dir;
}
