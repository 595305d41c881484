import type { DatabaseSettings } from '@pgweir/pooler';
import type { SecretValue } from './secret-value';

/**
 * What a secret says of servers and the entry of `[databases]` does not. Only the entry counts: whoever
 * may write the secret does not decide where pgweir connects to.
 */
export function otherPlace(
  { host, port, dbname }: SecretValue,
  entry: DatabaseSettings,
  name: string,
): string | undefined {
  const own = entry.dbname ?? (name === '*' ? undefined : name);
  const differing = [
    host !== undefined && !entry.hosts.includes(host) ? `host=${host}` : '',
    port !== undefined && !entry.ports.includes(port) ? `port=${port}` : '',
    dbname !== undefined && own !== undefined && dbname !== own ? `dbname=${dbname}` : '',
  ].filter((text) => text !== '');
  return differing.length === 0 ? undefined : differing.join(' ');
}
