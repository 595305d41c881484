import type { DatabaseName, DatabaseSettings, UserName, UserSettings } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { fileOfPlace } from '../config/secret-place';
import { CONSOLE_NAMES } from '../config/settings/names';
import type { KeptSecret } from './kept-secret';
import type { SecretValue } from './secret-value';

/** Which secret of which store. Says nothing that is a secret itself. */
export interface SecretReference {
  /** An ARN of AWS Secrets Manager, or `file:` and the path of a file. */
  readonly place: string;
  /** AWS: the role to assume for it; undefined: as whoever this process is. */
  readonly roleArn: string | undefined;
}

type SecretEntry = Pick<UserSettings, 'secret' | 'secretRoleArn'>;

/** What an entry says of that; undefined: it has no secret. */
function referenceIn(
  entry: SecretEntry | undefined,
  { secrets }: Pick<DaemonConfig, 'secrets'>,
): SecretReference | undefined {
  const place = entry?.secret;
  if (entry === undefined || place === undefined) return undefined;
  if (fileOfPlace(place) !== undefined) return { place, roleArn: undefined };
  const { secretRoleArn: own = secrets.roleArn } = entry;
  // An entry may say that there is none.
  return { place, roleArn: own === '' ? undefined : own };
}

/** One secret for each of these. */
export function placeKey({ place, roleArn }: SecretReference): string {
  return roleArn === undefined ? place : `${place} ${roleArn}`;
}

/** Whom a secret serves, and where. */
export interface SecretUses {
  readonly reference: SecretReference;
  /** Names of entries of `[databases]`. */
  readonly databases: readonly string[];
  /** Names of entries of `[users]`. */
  readonly users: readonly string[];
}

/** All secrets that a configuration names, by `placeKey`. */
export function secretUses(config: DaemonConfig): ReadonlyMap<string, SecretUses> {
  const { databases, fallbackDatabase, users } = config.pooler;
  const uses = new Map<string, SecretUses & { databases: string[]; users: string[] }>();
  const add = (kind: 'databases' | 'users', name: string, entry: SecretEntry | undefined) => {
    const reference = referenceIn(entry, config);
    if (reference === undefined) return;
    const key = placeKey(reference);
    const known = uses.get(key) ?? { reference, databases: [], users: [] };
    uses.set(key, known);
    known[kind].push(name);
  };
  for (const [name, entry] of databases) add('databases', name, entry);
  add('databases', '*', fallbackDatabase);
  for (const [name, entry] of users) add('users', name, entry);
  return uses;
}

/** A secret, and whose passwords it has. */
export interface SecretOf {
  readonly secret: KeptSecret;
  /** Where a value names no user, it is this one's. undefined: nobody's. */
  readonly holder: UserName | undefined;
  /** Links of the holder may log in as whomever a value names. */
  readonly mayDiffer: boolean;
}

type Kept = ReadonlyMap<string, KeptSecret>;

/** That of the entry of a database. The console has none. */
export function databaseSecret(
  config: DaemonConfig,
  kept: Kept,
  database: DatabaseName,
): SecretOf | undefined {
  if (CONSOLE_NAMES.includes(database)) return undefined;
  const { databases, fallbackDatabase } = config.pooler;
  const entry: DatabaseSettings | undefined = databases.get(database) ?? fallbackDatabase;
  const secret = secretIn(entry, config, kept);
  return secret && { secret, holder: entry?.forcedUser, mayDiffer: true };
}

/** That of the entry of a user. */
export function userSecret(config: DaemonConfig, kept: Kept, user: UserName): SecretOf | undefined {
  const secret = secretIn(config.pooler.users.get(user), config, kept);
  return secret && { secret, holder: user, mayDiffer: false };
}

/** undefined: the entry has none, or it has not been opened. */
export function secretIn(
  entry: SecretEntry | undefined,
  config: DaemonConfig,
  kept: Kept,
): KeptSecret | undefined {
  const reference = referenceIn(entry, config);
  return reference && kept.get(placeKey(reference));
}

/** Whether a value has the password of a user. */
export function isOf(value: SecretValue, user: string, holder: UserName | undefined): boolean {
  return (value.user ?? holder) === user;
}
