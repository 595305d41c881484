import {
  type DatabaseName,
  type DatabaseSettings,
  linkLimits,
  poolKey,
  type UserName,
  userName,
  wantedRole,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { askerOf, FALLBACK } from '../health/askers';
import { seenServers } from './cluster-checks';
import type { Examined } from './examine';
import { type Diagnosis, fine, found } from './findings';
import type { ServerFacts } from './server-facts';

/** What an entry may open to one server at most. */
export interface Cap {
  readonly entry: string;
  readonly links: number;
  /** Whose number nobody knows, and each would have pools as well. */
  readonly open: 'users' | 'databases' | undefined;
  /** Of these links, what each user may have at most. */
  readonly byUser: ReadonlyMap<UserName, number>;
}

interface LoadedServer {
  readonly where: string;
  readonly facts: ServerFacts;
  readonly caps: Cap[];
}

/** Sums up what all entries may open to each server, on all instances. */
export function checkCaps(
  examined: readonly Examined[],
  config: DaemonConfig,
  instances: number,
): readonly Diagnosis[] {
  const servers = new Map<string, LoadedServer>();
  for (const visit of examined) {
    const [seen] = seenServers([visit]);
    if (seen === undefined) continue;
    const { facts, where } = seen;
    // One server may be known by several names.
    const key = `${facts.systemIdentifier} ${facts.startedAt}`;
    const server = servers.get(key) ?? { where, facts, caps: [] };
    servers.set(key, server);
    const cap = capOf(config, visit, facts);
    // The same entry by two names of one server has its links once.
    if (!server.caps.some(({ entry }) => entry === cap.entry)) server.caps.push(cap);
  }
  return [...servers.values()].flatMap((server) => checkSum(server, config, instances));
}

/** max_user_connections holds for a user over all databases, max_db_connections for one over all users. */
function linksOf(caps: readonly Cap[], config: DaemonConfig): number {
  const byEntry = caps.reduce((total, { links }) => total + links, 0);
  if (caps.some(({ open }) => open !== undefined)) return byEntry;
  const users = new Map<UserName, number>();
  for (const [user, links] of caps.flatMap(({ byUser }) => [...byUser])) {
    users.set(user, (users.get(user) ?? 0) + links);
  }
  const byUser = [...users].reduce((total, [user, links]) => {
    const cap = config.pooler.users.get(user)?.userLinksMax ?? config.pooler.userLinksMax;
    return total + (cap > 0 ? Math.min(cap, links) : links);
  }, 0);
  return Math.min(byEntry, byUser);
}

const OPEN = {
  users: 'no cap for all users together',
  databases: 'no cap for all the databases together that clients may name',
} as const;

function checkSum(
  { where, facts, caps }: LoadedServer,
  config: DaemonConfig,
  instances: number,
): readonly Diagnosis[] {
  const sum = linksOf(caps, config) * instances;
  const subject = `caps on ${where}`;
  const room = facts.connectionsUsable;
  const each = caps.map(({ entry, links }) => `${entry} ${links}`).join(', ');
  const times = instances === 1 ? '' : ` × ${instances} instances`;
  const shown = `${sum} (${each}${times}) of ${room} (max_connections ${facts.connectionsMax}, less what is reserved)`;
  const diagnoses: Diagnosis[] = [];
  for (const { entry, open } of caps) {
    if (open !== undefined)
      diagnoses.push(found('caps-unbounded', `database ${entry}`, OPEN[open]));
  }
  if (sum > room) return [...diagnoses, found('caps-above-server', subject, shown)];
  const used = facts.connectionsUsed;
  if (sum + used > room) {
    const message = `${shown}; ${used} are in use now, those of a pgweir that runs among them`;
    return [...diagnoses, found('caps-near', subject, message)];
  }
  return [...diagnoses, fine('caps', subject, `${shown}, ${used} in use now`)];
}

/** Of one entry towards one of its servers. */
export function capOf(config: DaemonConfig, visit: Examined, facts: ServerFacts): Cap {
  const { name, entry, address } = visit;
  const { users, isOpen } = usersOf(config, entry);
  const isReplica = facts.inRecovery && wantedRole(entry) !== undefined && entry.readWriteSplit;
  const byUser = new Map(
    users.map((user) => [user, poolCap(config, name, entry, user, isReplica)] as const),
  );
  // Whoever asks servers how they are has a connection beside the pools of clients.
  const asker = askerOf(config, address);
  if (asker?.database === name) byUser.set(asker.user, (byUser.get(asker.user) ?? 0) + 1);
  const sum = [...byUser.values()].reduce((total, size) => total + size, 0);
  const percent = entry.maxConnectionsPercent ?? config.pooler.maxConnectionsPercent;
  const hasShare = percent !== undefined && percent > 0;
  const share = hasShare
    ? Math.floor((facts.connectionsMax * percent) / 100)
    : Number.POSITIVE_INFINITY;
  const inDatabase = entry.databaseLinksMax ?? config.pooler.databaseLinksMax;
  const ofEntry = inDatabase > 0 ? (isOpen ? inDatabase : Math.min(sum, inDatabase)) : sum;
  const links = Math.min(Number.isFinite(ofEntry) ? ofEntry : facts.connectionsMax, share);
  const isEndless = isOpen || sum === Number.POSITIVE_INFINITY;
  // Each database has what max_db_connections says: it bounds one of them, and users within it.
  const isManyDatabases = name === FALLBACK && (isEndless || !isBoundByUsers(config, users));
  const open = hasShare
    ? undefined
    : isManyDatabases
      ? 'databases'
      : isEndless && inDatabase === 0
        ? 'users'
        : undefined;
  return { entry: name, links, open, byUser };
}

/** However many databases there are, none of them has more than that. */
function isBoundByUsers({ pooler }: DaemonConfig, users: readonly UserName[]): boolean {
  return users.every((user) => (pooler.users.get(user)?.userLinksMax ?? pooler.userLinksMax) > 0);
}

function poolCap(
  config: DaemonConfig,
  name: DatabaseName,
  entry: DatabaseSettings,
  user: UserName,
  isReplica: boolean,
): number {
  const limits = linkLimits(config.pooler, { database: name, user, pool: poolKey(name, user) });
  const own = limits?.poolLinksMax ?? 0;
  const { reservePoolSize = config.pooler.reservePoolSize, replicaPoolSize } = entry;
  const size = isReplica && replicaPoolSize !== undefined ? replicaPoolSize + reservePoolSize : own;
  const ofUser = limits?.userLinksMax ?? 0;
  if (size === 0) return ofUser > 0 ? ofUser : Number.POSITIVE_INFINITY;
  return ofUser > 0 ? Math.min(size, ofUser) : size;
}

/** Those whose pools there may be. */
function usersOf(
  { pooler, credentials, adminUsers, statsUsers }: DaemonConfig,
  entry: DatabaseSettings,
): { readonly users: readonly UserName[]; readonly isOpen: boolean } {
  if (entry.forcedUser !== undefined) return { users: [entry.forcedUser], isOpen: false };
  const console = new Set([...adminUsers, ...statsUsers]);
  const named = [...credentials.names, ...pooler.users.keys()].filter((user) => !console.has(user));
  const authUser = entry.authUser ?? pooler.authUser;
  const others = ['ldap', 'iam', 'hba', 'any'].includes(pooler.authType);
  const users = [...new Set(authUser === undefined ? named : [...named, authUser])];
  // At least one: otherwise nobody can log in at all.
  return {
    users: users.length > 0 ? users : [userName('somebody')],
    isOpen: authUser !== undefined || others,
  };
}

/** CONNECTION LIMITs that are below what pgweir would open. */
export function checkRoleLimits(
  examined: readonly Examined[],
  config: DaemonConfig,
  instances: number,
): readonly Diagnosis[] {
  return examined.flatMap(({ name, entry, logins }) =>
    logins.flatMap(({ user, outcome }) => {
      if (outcome.kind !== 'in') return [];
      const { facts } = outcome;
      const inDatabase = entry.databaseLinksMax ?? config.pooler.databaseLinksMax;
      const ofPool = poolCap(config, name, entry, user, false);
      const cap = (inDatabase > 0 ? Math.min(ofPool, inDatabase) : ofPool) * instances;
      const low = [
        ['role', user, facts.roleLimit] as const,
        ['database', entry.dbname ?? name, facts.databaseLimit] as const,
      ];
      return low.flatMap(([what, whose, limit]) => {
        if (limit < 0 || cap <= limit) return [];
        const message = `CONNECTION LIMIT ${limit} of the ${what}, and a pool may have ${Number.isFinite(cap) ? cap : 'any number of'} links`;
        return [found('role-limit', `${what} ${whose}`, message)];
      });
    }),
  );
}
