import {
  BackendError,
  type Cluster,
  type Daemon,
  type LoginResult,
  RawClient,
  startDaemon,
} from '@pgweir/testkit';
import { commandOn, type Runtime, rowsOf } from './crew';
import { CLIENT_TLS } from './rig';
import { entry, ini, type Settings, userlist, value } from './stage';

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');
const SIGNATURE = '0d0a0d0a000d0a515549540a';

/** Addresses of the documentation: nobody really comes from there. */
export const FRIEND = '203.0.113.7';
export const FRIEND_WITH_TLS = '2001:db8::7';
export const STRANGER = '198.51.100.9';

const HBA = [
  `host all all ${FRIEND}/32 trust`,
  `hostssl all all ${FRIEND_WITH_TLS}/128 trust`,
  'host all checker 127.0.0.1/32 trust',
  'host all all all reject',
  'local all app trust',
];

/** A header of version 1. */
export function line(host: string, port: number): Buffer {
  const [family, to] = host.includes(':') ? ['TCP6', '::1'] : ['TCP4', '127.0.0.1'];
  return Buffer.from(`PROXY ${family} ${host} ${to} ${port} 6432\r\n`);
}

/** A header of version 2 from an IPv4 address, with a checksum behind it as AWS sends one. */
export function binary(host: string, port: number): Buffer {
  const source = Buffer.from(host.split('.').map(Number)).toString('hex');
  const ports = `${port.toString(16).padStart(4, '0')}1920`;
  return Buffer.from(`${SIGNATURE}21110013${source}7f000001${ports}03000412345678`, 'hex');
}

/** A load balancer speaks for itself. */
export const LOCAL = Buffer.from(`${SIGNATURE}20000000`, 'hex');

export interface Setup {
  /** Of `proxy_protocol`. */
  readonly listed?: string;
  readonly settings?: Settings;
  readonly runtime?: Runtime;
}

export function config(
  cluster: Cluster,
  { listed = '127.0.0.1', settings = {} }: Pick<Setup, 'listed' | 'settings'>,
): string {
  return ini(cluster.primary, {
    databases: [entry(cluster.primary, 'app', 'user=postgres')],
    settings: {
      ...{ log_stats: 0, proxy_protocol: listed, admin_users: 'app' },
      ...{ auth_type: 'hba', auth_hba_file: '{dir}/hba.conf' },
      ...CLIENT_TLS,
      ...settings,
    },
  });
}

/** pgweir behind a load balancer: `FRIEND` may log in, `FRIEND_WITH_TLS` with TLS, others not. */
export async function startBehind(cluster: Cluster, setup: Setup = {}): Promise<Daemon> {
  return await startDaemon({
    config: config(cluster, setup),
    userlist: userlist(['app', 'checker']),
    files: { 'hba.conf': `${HBA.join('\n')}\n` },
    ...(setup.runtime === undefined ? {} : { command: commandOn(setup.runtime) }),
  });
}

export interface Arrival {
  readonly header?: Buffer;
  readonly user?: string;
  readonly database?: string;
  readonly tls?: 'request' | 'direct';
  readonly by?: 'tcp' | 'unix';
}

/** Connections as a load balancer opens them. */
export class Balancer {
  readonly #daemon: Daemon;
  readonly #clients: RawClient[] = [];

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  async dial({ header, by = 'tcp' }: Pick<Arrival, 'header' | 'by'> = {}): Promise<RawClient> {
    const { host, port, socketPath } = this.#daemon;
    const client = await RawClient.connect(by === 'unix' ? { path: socketPath } : { host, port });
    this.#clients.push(client);
    if (header !== undefined) client.send(header);
    return client;
  }

  /** @throws BackendError when the client may not log in */
  async arrive(
    how: Arrival = {},
  ): Promise<{ readonly client: RawClient; readonly login: LoginResult }> {
    const client = await this.dial(how);
    if (how.tls === 'request') {
      const answer = await client.exchangeByte(SSL_REQUEST);
      if (answer !== 'S') throw new Error(`SSLRequest was answered with ${answer}`);
    }
    if (how.tls !== undefined) await client.startTls();
    const { user = 'app', database = 'app' } = how;
    return { client, login: await client.login({ user, database }) };
  }

  /** `in`, or what the client is told. */
  async outcome(how: Arrival): Promise<string> {
    try {
      const { client } = await this.arrive(how);
      return value(await client.query("SELECT 'in'")) ?? 'no row';
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      return `${error.code} ${error.fields.M}`;
    }
  }

  /** Addresses and ports of the clients of `app`, as the console shows them to one that arrives so. */
  async shown(how: Arrival): Promise<readonly string[]> {
    const { client } = await this.arrive({ ...how, database: 'pgbouncer' });
    const rows = await rowsOf(client, 'SHOW CLIENTS');
    client.destroy();
    return rows
      .filter(({ database }) => database === 'app')
      .map(({ addr, port }) => `${addr} ${port}`)
      .sort();
  }

  end(): void {
    for (const client of this.#clients.splice(0)) client.destroy();
  }
}
