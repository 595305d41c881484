import {
  type DatabaseName,
  isHealthPool,
  isReplicaPool,
  type PoolKey,
  type UserName,
} from '../ports/names';
import type {
  DatabaseSettings,
  PinnedLimitAction,
  PoolerSettings,
  PoolMode,
  ServerTls,
  SessionState,
  UserSettings,
  WorkerSlot,
} from '../settings/settings';
import type { LinkLimits } from './budget-account';

/** What holds for one pool, after user, database and global settings have been merged. */
export interface PoolLimits {
  readonly mode: PoolMode;
  readonly poolSize: number;
  readonly minPoolSize: number;
  readonly reservePoolSize: number;
  readonly databaseLinksMax: number;
  readonly userLinksMax: number;
  readonly serverLifetimeMs: number;
  readonly sessionState: SessionState;
  readonly preparedStatementsMax: number;
  /** Of this worker's links. 0: no limit. */
  readonly pinnedPerPoolMax: number;
  readonly pinnedLimitAction: PinnedLimitAction;
  readonly sequencePinTimeoutMs: number;
}

/** What holds for one client's statements and waits. */
export interface ClientLimits {
  readonly queryTimeoutMs: number;
  readonly queryWaitTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
}

/** Precedence as PgBouncer's: user, then database, then global. The user is the pool's. */
export function poolLimits(
  settings: PoolerSettings,
  database: DatabaseSettings,
  poolUser: UserName,
  side: 'main' | 'replica' = 'main',
): PoolLimits {
  const user = settings.users.get(poolUser);
  const pinnedMax =
    user?.pinnedPerPoolMax ?? database.pinnedPerPoolMax ?? settings.pinnedPerPoolMax;
  const replicaSize = side === 'replica' ? database.replicaPoolSize : undefined;
  return {
    mode: user?.poolMode ?? database.poolMode ?? settings.poolMode,
    poolSize: replicaSize ?? user?.poolSize ?? database.poolSize ?? settings.poolSize,
    minPoolSize: shareOf(database.minPoolSize ?? settings.minPoolSize, settings.workerSlot),
    reservePoolSize: user?.reservePoolSize ?? database.reservePoolSize ?? settings.reservePoolSize,
    databaseLinksMax: database.databaseLinksMax ?? settings.databaseLinksMax,
    userLinksMax: user?.userLinksMax ?? settings.userLinksMax,
    serverLifetimeMs: database.serverLifetimeMs ?? settings.serverLifetimeMs,
    sessionState: user?.sessionState ?? database.sessionState ?? settings.sessionState,
    preparedStatementsMax: settings.preparedStatementsMax,
    // 0 would mean no limit.
    pinnedPerPoolMax: pinnedMax === 0 ? 0 : Math.max(1, shareOf(pinnedMax, settings.workerSlot)),
    pinnedLimitAction: settings.pinnedLimitAction,
    sequencePinTimeoutMs: settings.sequencePinTimeoutMs,
  };
}

/** One worker's part of something that all workers have together: the parts add up. */
export function shareOf(whole: number, slot: WorkerSlot = { index: 0, count: 1 }): number {
  return Math.floor(whole / slot.count) + (slot.index < whole % slot.count ? 1 : 0);
}

/** What links count for. */
export interface LinkCounts {
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly pool: PoolKey;
}

/**
 * The limits of a pool's links over all workers, the reserve included.
 *
 * @returns undefined for a database that is not in the configuration
 */
export function linkLimits(
  settings: PoolerSettings,
  { database, user, pool }: LinkCounts,
): LinkLimits | undefined {
  const found = databaseSettingsFor(settings, database);
  if (found === undefined) return undefined;
  const limits = poolLimits(settings, found.entry, user, isReplicaPool(pool) ? 'replica' : 'main');
  const { poolSize, reservePoolSize, databaseLinksMax, userLinksMax } = limits;
  const isUnlimited = poolSize === 0 || isHealthPool(pool);
  const poolLinksMax = isUnlimited ? 0 : poolSize + reservePoolSize;
  return { poolLinksMax, databaseLinksMax, userLinksMax };
}

export function clientLimits(
  settings: PoolerSettings,
  database: DatabaseSettings,
  clientUser: UserName,
): ClientLimits {
  const user: UserSettings | undefined = settings.users.get(clientUser);
  return {
    queryTimeoutMs: user?.queryTimeoutMs ?? settings.queryTimeoutMs,
    queryWaitTimeoutMs:
      user?.queryWaitTimeoutMs ?? database.queryWaitTimeoutMs ?? settings.queryWaitTimeoutMs,
    idleTransactionTimeoutMs: user?.idleTransactionTimeoutMs ?? settings.idleTransactionTimeoutMs,
    transactionTimeoutMs: user?.transactionTimeoutMs ?? settings.transactionTimeoutMs,
    clientIdleTimeoutMs: user?.clientIdleTimeoutMs ?? settings.clientIdleTimeoutMs,
  };
}

/** Which entry of the configuration serves a database name. */
export function databaseSettingsFor(
  settings: PoolerSettings,
  name: DatabaseName,
): { readonly entry: DatabaseSettings; readonly automatic: boolean } | undefined {
  const entry = settings.databases.get(name);
  if (entry !== undefined) return { entry, automatic: false };
  const fallback = settings.fallbackDatabase;
  return fallback === undefined ? undefined : { entry: fallback, automatic: true };
}

/** How links to the servers of a database speak TLS. */
export function serverTlsOf(settings: PoolerSettings, database: DatabaseName): ServerTls {
  return databaseSettingsFor(settings, database)?.entry.serverTls ?? settings.serverTls;
}
