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
import { tokenFor } from '../aws/rds-tokens';
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

/**
 * Who asks this server: for the first entry that follows roles and has it. `listed`: how the configuration
 * calls it, where it is one of the members that were found. undefined: there is nobody
 */
export function askerOf(
  config: DaemonConfig,
  address: ServerAddress,
  listed: readonly ServerAddress[] = [address],
): Asker | undefined {
  for (const [name, entry] of entriesOf(config)) {
    if (wantedRole(entry) === undefined) continue;
    const isItsServer = serversOf(entry).some(({ host, port }) =>
      listed.some((server) => server.host === host && server.port === port),
    );
    if (!isItsServer) continue;
    const user = askingUser(config, entry);
    if (user !== undefined) return asker(config, { name, entry, user, ...address });
  }
  return undefined;
}

interface AskingSettings {
  readonly health: Pick<DaemonConfig['health'], 'user'>;
  readonly pooler: Pick<DaemonConfig['pooler'], 'authUser'>;
}

/** undefined: the configuration names nobody, and nobody can ask. */
export function askingUser(
  { health, pooler }: AskingSettings,
  entry: DatabaseSettings,
): UserName | undefined {
  if (health.user !== undefined) return userName(health.user);
  return entry.forcedUser ?? entry.authUser ?? pooler.authUser;
}

/** Somebody who logs in for an entry. */
export function asker(
  config: DaemonConfig,
  of: ServerAddress & {
    readonly name: DatabaseName;
    readonly entry: DatabaseSettings;
    readonly user: UserName;
  },
): Asker {
  const { name, entry, user, host, port } = of;
  const { mode: tlsMode, options } = entry.serverTls ?? config.pooler.serverTls;
  const own = entry.dbname ?? (name === FALLBACK ? MAINTENANCE_DATABASE : name);
  const secret = config.credentials.lookup(user);
  const listed = secret?.kind === 'plain' ? secret.password : undefined;
  const token = tokenFor(config.pooler, { database: name, user, host, port });
  const login: ProbeLogin = {
    database: config.health.database ?? own,
    user,
    password: token ?? (user === entry.forcedUser ? (entry.password ?? listed) : listed),
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
