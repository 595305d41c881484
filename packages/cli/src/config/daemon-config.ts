import type { PoolerSettings } from '@pgweir/pooler';
import type { LogFormat } from '../log/format';
import type { SyslogSettings } from '../log/syslog-message';
import type { Finding } from './finding';
import type { HttpAddress } from './http-address';
import type { LeasePlace } from './lease-place';
import type { GlobalValues } from './settings';
import type { Userlist } from './userlist';

/** Everything that a configuration says. Plain data: loading has changed nothing. */
export interface DaemonConfig {
  readonly pooler: PoolerSettings;
  readonly listen: ListenSettings;
  readonly log: LogSettings;
  readonly dns: DnsSettings;
  readonly health: HealthSettings;
  readonly switchover: SwitchoverSettings;
  readonly promotion: PromotionSettings;
  readonly secrets: SecretSettings;
  readonly credentials: Userlist;
  /** Where to write the process id; undefined: nowhere. */
  readonly pidfile: string | undefined;
  /** The user to become; undefined: stay. */
  readonly user: string | undefined;
  /** Of auth_file and [users]. */
  readonly userNames: readonly string[];
  readonly adminUsers: readonly string[];
  readonly statsUsers: readonly string[];
  readonly statsPeriodMs: number;
  /** Undefined: metrics are not written. */
  readonly emf: EmfSettings | undefined;
  readonly http: HttpSettings;
  /** Undefined: no traces. */
  readonly tracing: TracingSettings | undefined;
  readonly workers: WorkerSettings;
  /** Every global setting by name, for SHOW CONFIG and for the next load. */
  readonly values: GlobalValues;
}

export interface ListenSettings {
  /** Names or addresses; `*` means all of IPv4 and IPv6. Empty: Unix socket only. */
  readonly addresses: readonly string[];
  readonly port: number;
  readonly backlog: number;
  /** Other instances of the same user may listen on the same TCP ports. */
  readonly reusePort: boolean;
  /** Directory, or `@prefix` in the abstract name space; undefined: no Unix socket. */
  readonly unixSocketDir: string | undefined;
  readonly unixSocketMode: number;
  readonly unixSocketGroup: { readonly name: string; readonly gid: number } | undefined;
}

export interface LogSettings {
  readonly file: string | undefined;
  readonly format: LogFormat;
  /** 0 to 3. */
  readonly verbose: number;
  /** Whether to log a line of statistics every `statsPeriodMs`. */
  readonly stats: boolean;
  /** Undefined: lines do not go to syslog. */
  readonly syslog: SyslogSettings | undefined;
}

/** Where lines for CloudWatch go, and what they are called there. */
export interface EmfSettings {
  /** Undefined: standard output. */
  readonly file: string | undefined;
  readonly namespace: string;
  readonly proxyName: string;
}

/** What is served over HTTP. */
export interface HttpSettings {
  /** Undefined: nothing is. */
  readonly address: HttpAddress | undefined;
  /** How many time series the metrics of databases, pools and servers may be. */
  readonly seriesMax: number;
  /** The web page. `private`: only for those who know the password. */
  readonly dashboard: 'off' | 'on' | 'private';
  /** Of those who may give orders there, or a verifier of it; empty: nobody may. */
  readonly dashboardPassword: string;
  /** Names that it may be asked for by, besides addresses and `localhost`. `*`: all. */
  readonly dashboardHosts: readonly string[];
}

/** Where spans of transactions go. Which transactions: `PoolerSettings.tracing`. */
export interface TracingSettings {
  readonly endpoint: string;
  /** Never shown. */
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
}

export interface WorkerSettings {
  /** Processes that carry traffic; 1: this one does. */
  readonly count: number;
  /** 0: a worker may be silent for ever. */
  readonly hangTimeoutMs: number;
  /** 0: clients of a replaced worker may stay for ever. */
  readonly drainTimeoutMs: number;
}

/** How passwords in secret stores are kept up to date. */
export interface SecretSettings {
  readonly refreshMs: number;
  /** The role that reads them where an entry does not say. */
  readonly roleArn: string | undefined;
  /** For how long clients may use the password before. */
  readonly overlapMs: number;
}

/** How servers are asked how they are, where their roles are followed. */
export interface HealthSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Undefined: as the links of the database. */
  readonly user: string | undefined;
  readonly database: string | undefined;
}

/** How a primary hands over to another server, as an operator orders. */
export interface SwitchoverSettings {
  /** For everything before the demotion. */
  readonly timeoutMs: number;
  /** How long before one that Patroni has scheduled work waits; 0: it does not. */
  readonly leadMs: number;
  /** For the shell; undefined: there is none. */
  readonly demoteCommand: string | undefined;
  readonly demoteTimeoutMs: number;
}

/** How a replica is promoted when a primary is lost. */
export interface PromotionSettings {
  /** Otherwise nobody is promoted, and nothing else of this means anything. */
  readonly isOn: boolean;
  readonly afterMs: number;
  readonly minIntervalMs: number;
  /** For the shell; undefined: there is none. */
  readonly fenceCommand: string | undefined;
  readonly fenceTimeoutMs: number;
  readonly lease: LeasePlace;
  readonly leaseTtlMs: number;
}

/** How long answers of the resolver are remembered, and what makes them old before that. */
export interface DnsSettings {
  readonly foundMs: number;
  readonly notFoundMs: number;
  /** How often zones are asked for their serials; 0: never. */
  readonly zoneCheckMs: number;
}

export type LoadResult =
  | {
      readonly kind: 'ok';
      readonly config: DaemonConfig;
      readonly warnings: readonly Finding[];
      readonly notes: readonly Finding[];
    }
  | {
      readonly kind: 'failed';
      /** At least one. */
      readonly problems: readonly Finding[];
      readonly warnings: readonly Finding[];
      readonly notes: readonly Finding[];
    };
