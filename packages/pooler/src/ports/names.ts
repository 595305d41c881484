declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** The name clients ask for: a key of `[databases]` (or matched by `*`). */
export type DatabaseName = Branded<string, 'DatabaseName'>;
/** A role name. */
export type UserName = Branded<string, 'UserName'>;
/** Names one pool: database, pool user, and the server where it is for one replica. Compare with ===. */
export type PoolKey = Branded<string, 'PoolKey'>;
/** Names one server as the configuration does: host and port. Two names of one machine are two servers. */
export type ServerName = Branded<string, 'ServerName'>;
/** Numbers one session for the life of the process. */
export type ClientId = Branded<number, 'ClientId'>;
/** Numbers one link for the life of the process. */
export type LinkId = Branded<number, 'LinkId'>;

export const databaseName = (name: string): DatabaseName => name as DatabaseName;
export const userName = (name: string): UserName => name as UserName;
export const serverName = ({ host, port }: { readonly host: string; readonly port: number }) =>
  `${host.toLowerCase()}:${port}` as ServerName;
export const poolKey = (database: DatabaseName, user: UserName): PoolKey =>
  `${database}\0${user}` as PoolKey;
/** Of the links to one replica, where reads go to replicas. `server`: host and port. */
export const replicaPoolKey = (main: PoolKey, server: string): PoolKey =>
  `${main}\0${server}` as PoolKey;
export const isReplicaPool = (key: PoolKey): boolean =>
  !isHealthPool(key) && key.split('\0').length > 2;
/** Of the connections that ask servers how they are: no pool of clients, whose size is not theirs. */
export const healthPoolKey = (database: DatabaseName, user: UserName): PoolKey =>
  `\0${database}\0${user}` as PoolKey;
// No database has a name without a letter.
export const isHealthPool = (key: PoolKey): boolean => key.startsWith('\0');
