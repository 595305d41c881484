import type { ServerAddress } from '@pgweir/control';
import { type DatabaseName, type DatabaseSettings, type UserName, userName } from '@pgweir/pooler';
import { identityOf } from '../aws/server-identity';
import type { DaemonConfig } from '../config/daemon-config';
import { type Asker, asker, entriesOf, FALLBACK, serversOf } from '../health/askers';
import { secretUses } from '../secrets/uses';

/** A login that is tried: one of those that pgweir itself would make. */
export interface Login {
  readonly user: UserName;
  /** `own`: the entry cannot do without. `listed`: of auth_file, and perhaps meant for another entry. */
  readonly kind: 'own' | 'listed';
  /** undefined: nothing to log in with is known here. */
  readonly asker: Asker | undefined;
}

/** One server of one entry. */
export interface Visit {
  readonly name: DatabaseName;
  readonly entry: DatabaseSettings;
  readonly address: ServerAddress;
  readonly logins: readonly Login[];
}

/** Of users in auth_file, so many are tried on each entry. */
const LISTED_MAX = 10;

/** What there is to see, entry by entry. */
export function visitsOf(config: DaemonConfig): readonly Visit[] {
  return [...entriesOf(config)].flatMap(([name, entry]) =>
    serversOf(entry).map((address) => ({
      name,
      entry,
      address,
      logins: loginsOf(config, { name, entry, address }),
    })),
  );
}

function loginsOf(config: DaemonConfig, visit: Omit<Visit, 'logins'>): readonly Login[] {
  const { entry } = visit;
  const own = new Set<UserName>();
  if (entry.forcedUser !== undefined) own.add(entry.forcedUser);
  for (const user of [entry.authUser, config.pooler.authUser]) {
    if (user !== undefined && entry.authDatabase === undefined) own.add(user);
  }
  if (config.health.user !== undefined) own.add(userName(config.health.user));
  const console = new Set([...config.adminUsers, ...config.statsUsers]);
  const listed =
    entry.forcedUser === undefined
      ? config.credentials.names.filter((user) => !own.has(user) && !console.has(user))
      : [];
  return [
    ...[...own].map((user) => login(config, visit, user, 'own')),
    ...listed.slice(0, LISTED_MAX).map((user) => login(config, visit, user, 'listed')),
  ];
}

function login(
  config: DaemonConfig,
  { name, entry, address }: Omit<Visit, 'logins'>,
  user: UserName,
  kind: Login['kind'],
): Login {
  const able = asker(config, { name, entry, user, ...address });
  const hasSecret = secretsHave(config, name, user);
  const isKnown = able.login.password !== undefined || hasSecret || canDoWithout(config, user);
  const { auth } = identityOf(config.pooler, { database: name, user });
  // Only clients bring the tokens that are passed on.
  return { user, kind, asker: isKnown && auth !== 'iam-passthrough' ? able : undefined };
}

/** Nothing is known of it: perhaps the server trusts, or asks for a certificate. */
function canDoWithout(config: DaemonConfig, user: UserName): boolean {
  return config.credentials.lookup(user) === undefined;
}

function secretsHave(config: DaemonConfig, name: DatabaseName, user: UserName): boolean {
  const entry = config.pooler.databases.get(name) ?? config.pooler.fallbackDatabase;
  return [...secretUses(config).values()].some(
    ({ databases, users }) =>
      users.includes(user) ||
      (entry?.forcedUser === user && databases.includes(name === FALLBACK ? '*' : name)),
  );
}
