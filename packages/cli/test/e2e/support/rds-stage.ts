import { Signer } from '@aws-sdk/rds-signer';
import {
  type AwsKey,
  AwsKeys,
  awsEnvironment,
  type Cluster,
  type Daemon,
  type RdsServer,
  type RdsServerOptions,
  startCluster,
  startDaemon,
  startRdsServer,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { authority, CLIENT_TLS } from './rig';

export interface RdsStageOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Of `[databases]`; `{rds}` becomes `host=... port=...` of the stand-in. */
  readonly databases?: Readonly<Record<string, string>>;
  readonly users?: Readonly<Record<string, string>>;
  readonly userlist?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Of the daemon, besides the usual one of its own key. */
  readonly env?: Readonly<Record<string, string>>;
  readonly rds?: Partial<RdsServerOptions>;
}

/** Whom a token is for, and where. */
interface TokenOf {
  readonly user?: string;
  readonly key?: AwsKey;
  readonly host?: string;
  readonly port?: number;
}

/** The users that the stand-in wants tokens from. */
export const IAM_USERS = ['app', 'other'];

/** A database of RDS, and pgweir before it: with an identity at AWS, and TLS on both sides. */
export class RdsStage {
  readonly cluster: Cluster;
  readonly rds: RdsServer;
  readonly keys: AwsKeys;
  /** The daemon's own. */
  readonly key: AwsKey;
  daemon: Daemon;
  readonly #options: RdsStageOptions;
  readonly #clients: Client[] = [];

  private constructor(
    parts: { cluster: Cluster; rds: RdsServer; keys: AwsKeys; key: AwsKey; daemon: Daemon },
    options: RdsStageOptions,
  ) {
    this.cluster = parts.cluster;
    this.rds = parts.rds;
    this.keys = parts.keys;
    this.key = parts.key;
    this.daemon = parts.daemon;
    this.#options = options;
  }

  static async open(options: RdsStageOptions = {}): Promise<RdsStage> {
    const users = [...IAM_USERS, 'classic'].map((name) => ({ name }));
    const cluster = await startCluster({ users, databases: [{ name: 'shop' }] });
    const keys = new AwsKeys();
    const key = keys.addUser('pgweir');
    const backend = { port: cluster.primary.port };
    const rds = await startRdsServer({ keys, backend, iamUsers: IAM_USERS, ...options.rds });
    try {
      const daemon = await startDaemon({
        config: configText(rds, options),
        userlist:
          options.userlist ?? '"app" "tea"\n"other" "tea"\n"classic" "tea"\n"admin" "tea"\n',
        files: options.files ?? {},
        env: { ...awsEnvironment(key), ...options.env },
      });
      return new RdsStage({ cluster, rds, keys, key, daemon }, options);
    } catch (error) {
      await rds.stop();
      await cluster.stop();
      throw error;
    }
  }

  /** A configuration like that of the start, with something else in it. */
  config(changes: RdsStageOptions = {}): string {
    const { settings = {}, databases = {}, users = {} } = this.#options;
    return configText(this.rds, {
      settings: { ...settings, ...changes.settings },
      databases: { ...databases, ...changes.databases },
      users: { ...users, ...changes.users },
    });
  }

  /** As an application makes one. */
  token({ user = 'app', key = this.key, host = '127.0.0.1', port }: TokenOf = {}): Promise<string> {
    const { accessKeyId, secretAccessKey, sessionToken } = key;
    const credentials = { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
    return new Signer({
      ...{ hostname: host, port: port ?? this.rds.port, username: user },
      ...{ region: 'us-east-1', credentials },
    }).getAuthToken();
  }

  /** A client that has logged in. It is gone when the stage is. */
  async enter(
    password = 'tea',
    { user = 'app', database = 'shop', port = this.daemon.port } = {},
  ): Promise<Client> {
    const ssl = { ca: authority() };
    const client = new Client({ host: '127.0.0.1', port, user, database, password, ssl });
    client.on('error', () => undefined);
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.end().catch((error: unknown) => error);
    await this.daemon.stop();
    await this.rds.stop();
    await this.cluster.stop();
  }
}

function configText(rds: RdsServer, options: RdsStageOptions): string {
  const { settings = {}, databases = {}, users = {} } = options;
  const all = {
    ...{ listen_addr: '127.0.0.1', listen_port: '{port}', unix_socket_dir: '{dir}' },
    ...{ auth_file: '{dir}/userlist.txt', auth_type: 'plain', log_stats: 0 },
    ...{ pool_mode: 'transaction', admin_users: 'admin', ...CLIENT_TLS },
    ...{ server_tls_sslmode: 'verify-full', server_tls_ca_file: '{certs}/ca.crt' },
    ...settings,
  };
  const entries = Object.entries({ shop: '{rds}', ...databases });
  const place = `host=127.0.0.1 port=${rds.port}`;
  return [
    '[databases]',
    ...entries.map(([name, text]) => `${name} = ${text.replaceAll('{rds}', place)}`),
    '[users]',
    ...Object.entries(users).map(([name, text]) => `${name} = ${text}`),
    '[pgbouncer]',
    ...Object.entries(all).map(([name, value]) => `${name} = ${value}`),
    '',
  ].join('\n');
}

/** What a login comes to: `in` (and out again), or the error's SQLSTATE, message and hint. */
export async function outcome(entering: Promise<Client>): Promise<string> {
  try {
    const client = await entering;
    await client.query('SELECT 1');
    await client.end();
    return 'in';
  } catch (error) {
    const { code, message, hint } = Object(error) as Record<string, unknown>;
    return [code, message, hint].filter((part) => part !== undefined).join(' | ');
  }
}
