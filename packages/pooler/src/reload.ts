import { ScramSecrets } from './frontend/scram-secrets';
import type { Database } from './pool/database';
import { databaseSettingsFor } from './pool/pool-limits';
import type { Pooler } from './pooler';
import type { DatabaseName, UserName } from './ports/names';
import type { DatabaseSettings, PoolerSettings } from './settings/settings';
import { wantedRole } from './topology/fit-servers';
import { StaticTopology } from './topology/static-topology';

/**
 * Puts new settings in force: replaces what clients see at once, recycles the links of databases whose
 * servers changed, and removes databases that are gone.
 */
export function applySettings(pooler: Pooler, settings: PoolerSettings): void {
  const before = pooler.settings;
  pooler.settings = settings;
  if (pooler.topology instanceof StaticTopology) pooler.topology.publish(settings);
  if (!before.mockAuthenticationSecret.equals(settings.mockAuthenticationSecret)) {
    pooler.scramSecrets = new ScramSecrets(settings.mockAuthenticationSecret);
  }
  for (const [name, database] of pooler.databases) {
    const found = databaseSettingsFor(settings, name);
    if (found === undefined || (found.automatic && !database.automatic)) {
      pooler.databases.delete(name);
      removeDatabase(pooler, database);
      continue;
    }
    const tlsBefore = database.settings.serverTls ?? before.serverTls;
    const tlsChanged =
      JSON.stringify(tlsBefore) !== JSON.stringify(found.entry.serverTls ?? settings.serverTls);
    const moved = tlsChanged || serverChanged(database.settings, found.entry);
    const entryBefore = database.settings;
    const isSameLogin = (user: UserName): boolean =>
      serverLogin(before, entryBefore, user) === serverLogin(settings, found.entry, user);
    configure(pooler, database, { ...found, moved, isSameLogin });
  }
  pooler.statements.configure(settings);
  for (const session of pooler.sessions.values()) session.refreshLimits();
  pooler.lookUps.beginAgain();
}

type Entry = NonNullable<ReturnType<typeof databaseSettingsFor>>;

interface Change extends Entry {
  /** Links must not be lent any more. */
  readonly moved: boolean;
  /** Links of this user's pool log in as whom they did before, and in the same way. */
  readonly isSameLogin: (user: UserName) => boolean;
}

/** Puts an entry in force for a database and its pools. */
function configure(
  pooler: Pooler,
  database: Database,
  { entry, automatic, moved, isSameLogin }: Change,
): void {
  database.settings = entry;
  database.automatic = automatic;
  database.counters.times.measureQueries(pooler.settings.measuresQueries);
  // They are places in the list as it was.
  database.unreachedHosts.clear();
  database.reads?.knowledge.schemaChanged();
  if (entry.readWriteSplit) database.reconfigurePositions(pooler.settings);
  else database.forgetPositions();
  for (const pool of pooler.pools.values()) {
    if (pool.databaseState !== database) continue;
    const { mode, limits } = pool;
    pool.refreshLimits();
    if (moved) pool.retireAll('database configuration changed');
    else if (!isSameLogin(pool.user)) pool.retireAll('links log in in another way now');
    else if (pool.replica !== undefined && !entry.readWriteSplit)
      pool.retireAll('reads do not go to replicas any more');
    else if (limits.sessionState === 'leak' && pool.limits.sessionState !== 'leak') {
      pool.retireAll('clients have left state on it that nobody has noted');
    } else if (mode === 'session' && pool.mode !== 'session') pool.retireAll('pool_mode changed');
    pool.supply.gate.reset(pooler.clock.nowMs());
    pool.servers.look();
    pool.serverKeys.forgetPassword(pooler.credentials.lookup(pool.user, pool.database));
    pool.supply.renew();
  }
}

/**
 * A database that was removed and has come back while pools of its former self are still closing their
 * links: they go on as its own.
 */
export function revive(pooler: Pooler, name: DatabaseName, found: Entry): Database | undefined {
  for (const { database, databaseState } of pooler.pools.values()) {
    if (database !== name) continue;
    configure(pooler, databaseState, { ...found, moved: true, isSameLogin: () => false });
    return databaseState;
  }
  return undefined;
}

/** What makes a link lead to another place than before. */
function serverChanged(before: DatabaseSettings, after: DatabaseSettings): boolean {
  return (
    before.dbname !== after.dbname ||
    before.hosts.join(',') !== after.hosts.join(',') ||
    before.ports.join(',') !== after.ports.join(',') ||
    before.forcedUser !== after.forcedUser ||
    before.connectQuery !== after.connectQuery ||
    before.loadBalanceHosts !== after.loadBalanceHosts ||
    wantedRole(before) !== wantedRole(after) ||
    JSON.stringify([...before.startupParameters]) !== JSON.stringify([...after.startupParameters])
  );
}

/**
 * What makes links log in as somebody else: another secret may name another user, another role is another
 * identity. What a user has goes before what the database has, and that before what stands for all.
 */
function serverLogin(all: PoolerSettings, entry: DatabaseSettings, user: UserName): string {
  const own = all.users.get(user);
  const said = [own?.serverIdentity, entry.serverIdentity, all.serverIdentity];
  const auth = said.find((one) => one?.auth !== undefined)?.auth ?? 'password';
  const role = said.find((one) => one?.awsRoleArn !== undefined)?.awsRoleArn;
  return JSON.stringify(
    auth === 'password' ? [auth, entry.secret ?? own?.secret] : [auth, auth === 'iam' && role],
  );
}

function removeDatabase(pooler: Pooler, database: Database): void {
  for (const session of [...pooler.sessions.values()]) {
    if (session.admission?.database === database) session.fail('databaseRemoved');
  }
  for (const pool of pooler.everyPool()) {
    if (pool.databaseState === database) pooler.retirePool(pool);
  }
  // When nobody is left who would have them told anew.
  database.forgetPositions();
}
