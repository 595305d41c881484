import { type ConnectionOptions, checkServerIdentity } from 'node:tls';
import type { ProbeLogin, ServerAddress } from '@pgweir/control';
import {
  type DatabaseName,
  type DatabaseSettings,
  databaseName,
  type TlsClientOptions,
  type TlsMode,
  type UserName,
  userName,
  wantedRole,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';

/** As whom servers are asked how they are. */
export interface Asker {
  /** The entry of the configuration for which that happens. */
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly tlsMode: TlsMode;
  /** With TLS, if the configuration has any. */
  readonly login: ProbeLogin;
}

/** The name of the `*` entry. */
export const FALLBACK = databaseName('*');
/** Every server has it, and everybody may connect to it unless somebody has taken that away. */
const MAINTENANCE_DATABASE = 'postgres';

/** The entries of a configuration, the `*` entry among them. */
export function* entriesOf({
  pooler,
}: DaemonConfig): Generator<readonly [DatabaseName, DatabaseSettings]> {
  yield* pooler.databases;
  if (pooler.fallbackDatabase !== undefined) yield [FALLBACK, pooler.fallbackDatabase];
}

/** The servers of an entry. */
export function serversOf({ hosts, ports }: DatabaseSettings): readonly ServerAddress[] {
  return hosts.map((host, at) => ({ host, port: ports[at] ?? ports[0] ?? 5432 }));
}

/** Who asks this server: for the first entry that follows roles and has it. undefined: there is none */
export function askerOf(config: DaemonConfig, { host, port }: ServerAddress): Asker | undefined {
  for (const [name, entry] of entriesOf(config)) {
    if (wantedRole(entry) === undefined) continue;
    const isItsServer = serversOf(entry).some(
      (server) => server.host === host && server.port === port,
    );
    if (!isItsServer) continue;
    const user = askingUser(config, entry);
    if (user !== undefined) return asker(config, { name, entry, user });
  }
  return undefined;
}

/** undefined: the configuration names nobody, and nobody can ask. */
export function askingUser(
  { health, pooler }: Pick<DaemonConfig, 'health' | 'pooler'>,
  entry: DatabaseSettings,
): UserName | undefined {
  if (health.user !== undefined) return userName(health.user);
  return entry.forcedUser ?? entry.authUser ?? pooler.authUser;
}

function asker(
  config: DaemonConfig,
  of: { readonly name: DatabaseName; readonly entry: DatabaseSettings; readonly user: UserName },
): Asker {
  const { name, entry, user } = of;
  const { mode: tlsMode, options } = entry.serverTls ?? config.pooler.serverTls;
  const own = entry.dbname ?? (name === FALLBACK ? MAINTENANCE_DATABASE : name);
  const secret = config.credentials.lookup(user);
  const listed = secret?.kind === 'plain' ? secret.password : undefined;
  const login: ProbeLogin = {
    database: config.health.database ?? own,
    user,
    password: user === entry.forcedUser ? (entry.password ?? listed) : listed,
    tls: options === undefined ? undefined : tlsOptions(options),
  };
  return { database: name, user, tlsMode, login };
}

function tlsOptions(options: TlsClientOptions): ConnectionOptions {
  const { key, cert, ca, verify, minVersion, maxVersion, ciphers } = options;
  return {
    ...{ minVersion, maxVersion },
    ...(key === undefined ? {} : { key }),
    ...(cert === undefined ? {} : { cert }),
    ...(ca === undefined ? {} : { ca }),
    ...(ciphers === undefined ? {} : { ciphers }),
    rejectUnauthorized: verify !== 'none',
    checkServerIdentity: verify === 'full' ? checkServerIdentity : () => undefined,
  };
}
