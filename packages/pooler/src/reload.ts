import { ScramSecrets } from './frontend/scram-secrets';
import type { Database } from './pool/database';
import { databaseSettingsFor, poolLimits } from './pool/pool-limits';
import type { Pooler } from './pooler';
import type { DatabaseSettings, PoolerSettings } from './settings/settings';

/**
 * Puts new settings in force: replaces what clients see at once, recycles the links of databases whose
 * servers changed, and removes databases that are gone.
 */
export function applySettings(pooler: Pooler, settings: PoolerSettings): void {
  const before = pooler.settings;
  pooler.settings = settings;
  pooler.topology.publish(settings);
  if (!before.mockAuthenticationSecret.equals(settings.mockAuthenticationSecret)) {
    pooler.scramSecrets = new ScramSecrets(settings.mockAuthenticationSecret);
  }
  const tlsChanged =
    before.serverTlsMode !== settings.serverTlsMode ||
    JSON.stringify(before.serverTls) !== JSON.stringify(settings.serverTls);
  for (const [name, database] of pooler.databases) {
    const found = databaseSettingsFor(settings, name);
    if (found === undefined || found.automatic !== database.automatic) {
      pooler.databases.delete(name);
      removeDatabase(pooler, database);
      continue;
    }
    const moved = tlsChanged || serverChanged(database.settings, found.entry);
    database.settings = found.entry;
    for (const pool of pooler.pools.values()) {
      if (pool.databaseState !== database) continue;
      pool.limits = poolLimits(settings, found.entry, pool.user);
      if (moved) pool.retireAll('database configuration changed');
      pool.supply.gate.reset();
      pool.serverKeys.forgetPassword();
      pool.supply.renew();
    }
  }
  for (const session of pooler.sessions.values()) session.refreshLimits();
}

/** What makes a link lead to another place than before. */
function serverChanged(before: DatabaseSettings, after: DatabaseSettings): boolean {
  return (
    before.dbname !== after.dbname ||
    before.hosts.join(',') !== after.hosts.join(',') ||
    before.port !== after.port ||
    before.forcedUser !== after.forcedUser ||
    before.connectQuery !== after.connectQuery ||
    before.loadBalanceHosts !== after.loadBalanceHosts ||
    JSON.stringify([...before.startupParameters]) !== JSON.stringify([...after.startupParameters])
  );
}

function removeDatabase(pooler: Pooler, database: Database): void {
  for (const session of [...pooler.sessions.values()]) {
    if (session.admission?.database === database) session.fail('databaseRemoved');
  }
  for (const pool of pooler.pools.values()) {
    if (pool.databaseState === database) pool.retireAll('database removed');
  }
}
