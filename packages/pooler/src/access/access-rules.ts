import type { AddressBytes } from '@pgweir/protocol';
import type { DirectoryOptions, IamOptions } from '../ports/client-verifier';
import { clientBytes, contains, type Network } from './network';

/** How a client that a rule fits has to prove who it is. */
export type AccessMethod =
  | 'trust'
  | 'reject'
  | 'plain'
  | 'md5'
  | 'scram-sha-256'
  | 'cert'
  | 'peer'
  | 'ldap'
  | 'iam';

/** Which databases or users a rule is about. */
export interface NameList {
  /** The keyword `all`: every database or user; no physical replication. */
  readonly all: boolean;
  /** The keyword `sameuser` (databases only): the database that is called like the user. */
  readonly sameUser: boolean;
  /** The keyword `replication` (databases only): physical replication, and nothing else. */
  readonly replication: boolean;
  readonly names: readonly string[];
}

/** A name that the system or a certificate knows, and a user as whom it may log in. */
export interface IdentEntry {
  readonly systemName: string;
  /** `undefined`: as any user. */
  readonly user: string | undefined;
}

/** One rule of who may log in, and how. Plain data. */
export interface AccessRule {
  readonly connection: 'local' | 'host' | 'hostssl' | 'hostnossl';
  readonly databases: NameList;
  readonly users: NameList;
  /** `undefined`: every address. Of no meaning for `local`. */
  readonly network: Network | undefined;
  readonly method: AccessMethod;
  /** For `cert` and `peer`; `undefined`: both names must be the same. */
  readonly identMap: readonly IdentEntry[] | undefined;
  /** For `ldap`: which directory, and how it is asked. */
  readonly directory?: DirectoryOptions;
  /** For `iam`: whose tokens, and as whom. */
  readonly iam?: IamOptions;
}

/** What is known of a client that wants to log in. */
export interface ConnectionFacts {
  /** The client's IP address; `undefined`: it came by a Unix socket. */
  readonly address: string | undefined;
  readonly encrypted: boolean;
  readonly database: string;
  readonly user: string;
  /** It asks for a stream of the whole cluster, which has no database. */
  readonly physicalReplication: boolean;
}

/** The first rule that fits. */
export function findRule(
  rules: readonly AccessRule[],
  facts: ConnectionFacts,
): AccessRule | undefined {
  const { address } = facts;
  const bytes = address === undefined ? undefined : clientBytes(address);
  return rules.find(
    (rule) =>
      connectionFits(rule, facts, bytes) &&
      databaseFits(rule.databases, facts) &&
      (rule.users.all || rule.users.names.includes(facts.user)),
  );
}

/** Whether someone whom the system or a certificate knows as `systemName` may log in as `user`. */
export function mayLogInAs(
  systemName: string,
  user: string,
  identMap: readonly IdentEntry[] | undefined,
): boolean {
  if (identMap === undefined) return systemName === user;
  return identMap.some(
    (entry) => entry.systemName === systemName && (entry.user === undefined || entry.user === user),
  );
}

function connectionFits(
  { connection, network }: AccessRule,
  { address, encrypted }: ConnectionFacts,
  bytes: AddressBytes | undefined,
): boolean {
  if (address === undefined || connection === 'local') {
    return address === undefined && connection === 'local';
  }
  if (connection === 'hostssl' && !encrypted) return false;
  if (connection === 'hostnossl' && encrypted) return false;
  return network === undefined || (bytes !== undefined && contains(network, bytes));
}

function databaseFits(
  list: NameList,
  { database, user, physicalReplication }: ConnectionFacts,
): boolean {
  if (physicalReplication) return list.replication;
  return list.all || (list.sameUser && database === user) || list.names.includes(database);
}
