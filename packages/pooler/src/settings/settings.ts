import type { AccessRule } from '../access/access-rules';
import type { AddressList } from '../access/address-list';
import type { DirectoryOptions, IamOptions } from '../ports/client-verifier';
import type { DatabaseName, UserName } from '../ports/names';
import type { TlsClientOptions, TlsServerOptions } from '../ports/transport';

export type PoolMode = 'session' | 'transaction' | 'statement';

/**
 * What becomes of session state in transaction and statement mode. `track`: kept per client, pins what
 * cannot be kept. `leak`: not looked at. `strict`: as `track`, but what would pin is refused.
 */
export type SessionState = 'track' | 'leak' | 'strict';

/** Which of its hosts a database is for, in libpq's words. */
export const TARGET_SESSION_ATTRS = [
  'any',
  'read-write',
  'read-only',
  'primary',
  'standby',
  'prefer-standby',
] as const;
export type TargetSessionAttrs = (typeof TARGET_SESSION_ATTRS)[number];

/**
 * What a read of a replica must have seen. `session`: whatever its session has seen. `eventual`: nothing
 * in particular. `global`: whatever any session has committed.
 */
export const CONSISTENCIES = ['session', 'eventual', 'global'] as const;
export type Consistency = (typeof CONSISTENCIES)[number];

/** What happens to a statement that would pin one link too many. */
export type PinnedLimitAction = 'wait' | 'error';

/** How clients prove who they are. `hba`: as the first rule that fits says. */
export type AuthType =
  | 'trust'
  | 'any'
  | 'plain'
  | 'md5'
  | 'scram-sha-256'
  | 'cert'
  | 'hba'
  | 'ldap'
  | 'iam';

export type TlsMode = 'disable' | 'allow' | 'prefer' | 'require' | 'verify-ca' | 'verify-full';

/** A limit of 0 means unlimited, a time of 0 means never, unless a line says otherwise. */
export interface PoolerSettings {
  readonly authType: AuthType;
  /** For `hba`; the first that fits decides. */
  readonly accessRules: readonly AccessRule[];
  /** For `ldap`: which directory, and how it is asked. */
  readonly directory?: DirectoryOptions | undefined;
  /** For `iam`: whose tokens, and as whom. */
  readonly iam?: IamOptions | undefined;
  /** Secret from which the salts of mock authentication derive; the same in all workers. */
  readonly mockAuthenticationSecret: Buffer;
  readonly scramIterations: number;
  /** Runs `authQuery` for users that the `CredentialSource` does not know; undefined: nobody does. */
  readonly authUser: UserName | undefined;
  /** Asks for name and password of the user in `$1`. */
  readonly authQuery: string;
  /** Where `authQuery` runs; undefined: in the database that the client asks for. */
  readonly authDatabase: DatabaseName | undefined;

  readonly poolMode: PoolMode;
  readonly clientsMax: number;
  readonly poolSize: number;
  readonly minPoolSize: number;
  readonly reservePoolSize: number;
  readonly reservePoolTimeoutMs: number;
  readonly databaseLinksMax: number;
  readonly databaseClientsMax: number;
  readonly userLinksMax: number;
  readonly userClientsMax: number;
  /** Of the `max_connections` of each server, for all links to it together; absent: no such limit. */
  readonly maxConnectionsPercent?: number | undefined;
  /** The same, for links that are idle for long. */
  readonly maxIdleConnectionsPercent?: number | undefined;
  readonly serverRoundRobin: boolean;
  /** How long queries take is measured one by one, for a histogram; absent: only their sum is. */
  readonly measuresQueries?: boolean;

  readonly sessionState: SessionState;
  /** Per link. 0: where state is not followed, prepared statements are not rewritten; otherwise as 1. */
  readonly preparedStatementsMax: number;
  readonly pinnedPerPoolMax: number;
  readonly pinnedLimitAction: PinnedLimitAction;
  /** 0: a link pinned for a sequence stays pinned for it. */
  readonly sequencePinTimeoutMs: number;

  readonly serverResetQuery: string;
  readonly serverResetQueryAlways: boolean;
  readonly serverCheckDelayMs: number;
  /** Empty text: send an empty query. `undefined`: no check. */
  readonly serverCheckQuery: string | undefined;
  readonly serverFastClose: boolean;
  readonly serverLifetimeMs: number;
  readonly serverIdleTimeoutMs: number;
  readonly serverConnectTimeoutMs: number;
  readonly serverLoginRetryMs: number;

  readonly queryTimeoutMs: number;
  readonly queryWaitTimeoutMs: number;
  readonly queryWaitNotifyMs: number;
  readonly cancelWaitTimeoutMs: number;
  readonly clientIdleTimeoutMs: number;
  readonly clientLoginTimeoutMs: number;
  readonly idleTransactionTimeoutMs: number;
  readonly transactionTimeoutMs: number;
  readonly poolIdleTimeoutMs: number;
  readonly autodbIdleTimeoutMs: number;
  /** How long work waits for a server to become primary. */
  readonly failoverHoldTimeoutMs: number;
  /** A read whose link is lost before anything of its answer was forwarded runs once more. */
  readonly retryReads: boolean;
  readonly consistency: Consistency;
  /** How far a replica may be behind in time to be read from; 0: no bound. */
  readonly maxReplicaLagMs: number;
  /** How long a SUSPEND waits for clients that do not read. */
  readonly suspendTimeoutMs: number;

  /** Names in lower case. `options` here: unknown settings inside `options` are ignored. */
  readonly ignoreStartupParameters: ReadonlySet<string>;
  /** Names in lower case of reported settings kept per client besides the usual ones. */
  readonly trackExtraParameters: ReadonlySet<string>;
  readonly applicationNameAddHost: boolean;
  readonly loginNotifyMessage: string;
  readonly disableSimpleQuery: boolean;
  readonly packetBytesMax: number;

  /** Load balancers: who connects from here begins with a PROXY header, nobody else does. */
  readonly loadBalancers: AddressList;
  readonly tcpKeepAlive: boolean;
  readonly tcpKeepIdleSeconds: number;

  readonly clientTlsMode: TlsMode;
  /** Present unless the mode is `disable`. */
  readonly clientTls: TlsServerOptions | undefined;
  readonly serverTls: ServerTls;
  /** User goes before database, and database before this; absent: by passwords. */
  readonly serverIdentity?: ServerIdentity;

  /** Absent: no transaction is observed. */
  readonly tracing?: TraceSettings | undefined;
  readonly logConnections: boolean;
  readonly logDisconnections: boolean;
  readonly logPoolerErrors: boolean;
  /** Statements that take at least so long are logged, waiting included; undefined: none is. */
  readonly logMinDurationMs: number | undefined;
  /** With their literals. */
  readonly logMinDurationLiterals: boolean;

  /** Statements are counted. */
  readonly statementStats: boolean;
  /** So many of them, with database and user; what is beyond that is one sum. */
  readonly statementStatsMax: number;

  readonly databases: ReadonlyMap<DatabaseName, DatabaseSettings>;
  /** The `*` entry: any other name, with `dbname` taken from the client unless set. */
  readonly fallbackDatabase: DatabaseSettings | undefined;
  readonly users: ReadonlyMap<UserName, UserSettings>;
  /** Which of several workers this is; `undefined`: the only one. */
  readonly workerSlot?: WorkerSlot;
  /** Which of a group of instances this is, as cancel keys say it; 0: there is no group. */
  readonly peerId: number;
  /** Where cancel requests for clients of other instances go, by their peer id. */
  readonly peers: ReadonlyMap<number, PeerSettings>;
}

/** Which transactions are observed. */
export interface TraceSettings {
  /** Of those whose client has not decided, from 0 to 1. */
  readonly sampleRatio: number;
  /** All workers together, at least one of each. */
  readonly perSecondMax: number;
}

/** One entry of `[peers]`. */
export interface PeerSettings {
  readonly id: number;
  /** A name, an IP address or the directory of a Unix socket. */
  readonly host: string;
  readonly port: number;
  /** Connections to it at a time, of each process. */
  readonly poolSize: number;
}

/** One of `count` places for workers, `index` from 0 on. */
export interface WorkerSlot {
  readonly index: number;
  readonly count: number;
}

/**
 * What links log in to PostgreSQL with. `iam`: a token that is made for each. `iam-passthrough`: one
 * that a client of the same user has shown.
 */
export const SERVER_AUTHS = ['password', 'iam', 'iam-passthrough'] as const;
export type ServerAuth = (typeof SERVER_AUTHS)[number];

/** For whoever makes passwords. `undefined`: what stands above holds, or whatever is usual. */
export interface ServerIdentity {
  readonly auth?: ServerAuth | undefined;
  readonly awsRegion?: string | undefined;
  readonly awsRoleArn?: string | undefined;
  readonly awsExternalId?: string | undefined;
}

/** How links speak TLS. */
export interface ServerTls {
  readonly mode: TlsMode;
  /** Present unless the mode is `disable`. */
  readonly options: TlsClientOptions | undefined;
}

/** How reads are shared among replicas. */
export const REPLICA_BALANCES = ['least-outstanding', 'weighted', 'round-robin'] as const;
export type ReplicaBalance = (typeof REPLICA_BALANCES)[number];

/** Whether hosts are servers, or lead to a cluster whose members are found. */
export const TOPOLOGIES = ['static', 'aurora', 'rds-cluster'] as const;
export type Topology = (typeof TOPOLOGIES)[number];

/** One entry of `[databases]`. `undefined`: the global setting holds. */
export interface DatabaseSettings {
  /** The name on the server; `undefined`: the name the client asked for. */
  readonly dbname: string | undefined;
  /** Names, IP addresses or directories of Unix sockets; tried in turn. */
  readonly hosts: readonly string[];
  /** One for all hosts, or one for each. */
  readonly ports: readonly number[];
  readonly forcedUser: UserName | undefined;
  /** For the forced user; otherwise the `CredentialSource` knows it. */
  readonly password: string | undefined;
  /** The place in a secret store where its password is, for whoever can read it, and as which role. */
  readonly secret: string | undefined;
  readonly secretRoleArn: string | undefined;
  /** For these three, `undefined`: the global setting holds. */
  readonly authUser: UserName | undefined;
  readonly authQuery: string | undefined;
  readonly authDatabase: DatabaseName | undefined;
  readonly connectQuery: string | undefined;
  readonly loadBalanceHosts: 'round-robin' | 'disable';
  /** Set: the roles of its hosts are followed. */
  readonly targetSessionAttrs: TargetSessionAttrs | undefined;
  /** Proven reads go to replicas, everything else to the primary; the roles of its hosts are followed. */
  readonly readWriteSplit: boolean;
  /** How a replica is chosen. */
  readonly replicaBalance: ReplicaBalance;
  /** Parts of the reads for each of the hosts; empty: equal ones. */
  readonly replicaWeights: readonly number[];
  /** Where a read goes that no replica can take now. */
  readonly replicaFallback: 'primary' | 'wait';
  /** Links per pool to one replica. */
  readonly replicaPoolSize: number | undefined;
  /** Whether `hosts` are the servers, or lead to a cluster whose members have to be found. */
  readonly topology: Topology;
  /** How the hosts of instances are called, `?` for an instance's name; undefined: as `hosts` tell. */
  readonly instanceHostPattern: string | undefined;
  /** The REST APIs of Patroni, for whoever watches the servers; may have passwords, and is never shown. */
  readonly patroniUrls: readonly string[];
  readonly consistency: Consistency | undefined;
  readonly maxReplicaLagMs: number | undefined;
  readonly poolMode: PoolMode | undefined;
  readonly sessionState: SessionState | undefined;
  readonly pinnedPerPoolMax: number | undefined;
  readonly poolSize: number | undefined;
  readonly minPoolSize: number | undefined;
  readonly reservePoolSize: number | undefined;
  readonly databaseLinksMax: number | undefined;
  readonly databaseClientsMax: number | undefined;
  readonly maxConnectionsPercent?: number | undefined;
  readonly maxIdleConnectionsPercent?: number | undefined;
  readonly serverLifetimeMs: number | undefined;
  readonly queryWaitTimeoutMs: number | undefined;
  /** TLS towards its servers, where that is not as everywhere. */
  readonly serverTls: ServerTls | undefined;
  readonly serverIdentity?: ServerIdentity;
  /** Sent in the startup packet of every link: client_encoding, datestyle, timezone, application_name. */
  readonly startupParameters: ReadonlyMap<string, string>;
}

/** One entry of `[users]`. `undefined`: database or global setting holds. */
export interface UserSettings {
  /** The place in a secret store where its password is, for whoever can read it, and as which role. */
  readonly secret: string | undefined;
  readonly secretRoleArn: string | undefined;
  readonly poolMode: PoolMode | undefined;
  readonly sessionState: SessionState | undefined;
  readonly pinnedPerPoolMax: number | undefined;
  readonly poolSize: number | undefined;
  readonly reservePoolSize: number | undefined;
  readonly userLinksMax: number | undefined;
  readonly userClientsMax: number | undefined;
  readonly queryTimeoutMs: number | undefined;
  readonly queryWaitTimeoutMs: number | undefined;
  readonly idleTransactionTimeoutMs: number | undefined;
  readonly transactionTimeoutMs: number | undefined;
  readonly clientIdleTimeoutMs: number | undefined;
  /** Of the pool's user. */
  readonly serverIdentity?: ServerIdentity;
}
