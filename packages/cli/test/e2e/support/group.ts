import {
  cancelPacket,
  type Daemon,
  freePort,
  type LoginOptions,
  type LoginResult,
  RawClient,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { commandOn, type Runtime } from './crew';
import { ini, type Settings, userlist } from './stage';

/** One of several pgweir on one port. Its peer id is its place in the list, from 1 on. */
export interface Instance {
  readonly runtime: Runtime;
  readonly workers?: number;
  readonly settings?: Settings;
}

/** A peer that is no pgweir of this group. */
export interface OtherPeer {
  readonly id: number;
  readonly host: string;
  readonly poolSize?: number;
}

/** Instances that share a port of 127.0.0.1, and know each other by their Unix sockets. */
export class Group {
  readonly port: number;
  readonly daemons: readonly Daemon[];

  private constructor(port: number, daemons: readonly Daemon[]) {
    this.port = port;
    this.daemons = daemons;
  }

  static async start(
    server: { readonly port: number },
    instances: readonly Instance[],
    others: readonly OtherPeer[] = [],
  ): Promise<Group> {
    const port = await freePort();
    const daemons: Daemon[] = [];
    const config = (at: number): string => {
      const { workers = 1, settings } = instances[at] ?? {};
      const all = { so_reuseport: 1, peer_id: at + 1, workers, admin_users: 'app', ...settings };
      return ini(server, { settings: { log_stats: 0, ...all } });
    };
    try {
      for (const [at, { runtime }] of instances.entries()) {
        const command = commandOn(runtime);
        const files = { config: config(at), userlist: userlist(['app']) };
        daemons.push(await startDaemon({ ...files, command, port }));
      }
      const peers = [
        ...daemons.map(({ dir }, at) => `${at + 1} = host=${dir} port=${port}`),
        ...others.map(
          ({ id, host, poolSize = 20 }) =>
            `${id} = host=${host} port=${port} pool_size=${poolSize}`,
        ),
      ];
      for (const [at, daemon] of daemons.entries()) {
        await daemon.reload(`${config(at)}[peers]\n${peers.join('\n')}\n`);
      }
      return new Group(port, daemons);
    } catch (error) {
      for (const daemon of daemons) await daemon.stop();
      throw error;
    }
  }

  /** The daemon with a peer id. */
  daemon(id: number): Daemon {
    const daemon = this.daemons[id - 1];
    if (daemon === undefined) throw new Error(`there is no instance ${id}`);
    return daemon;
  }

  /** A client of the instance with that id, which the system has chosen for it. */
  async client(id: number, options: Partial<LoginOptions> = {}): Promise<GroupClient> {
    return await waitFor(
      async () => {
        const client = await RawClient.connect({ host: '127.0.0.1', port: this.port });
        const login = await client.login({ user: 'app', database: 'app', ...options });
        if (instanceOf(login) === id) return { client, login };
        client.destroy();
        return undefined;
      },
      { what: `a client of instance ${id}`, everyMs: 0 },
    );
  }

  async stop(): Promise<void> {
    for (const daemon of this.daemons) await daemon.stop();
  }
}

export interface GroupClient {
  readonly client: RawClient;
  readonly login: LoginResult;
}

/** Which instance has given a cancel key out. */
export function instanceOf({ processId }: Pick<LoginResult, 'processId'>): number {
  return ((processId >>> 16) & 0xff) | (processId & 0xff00);
}

/** Sends a cancel request, and waits until it has been dealt with. */
export async function cancelBy(
  to: Parameters<typeof RawClient.connect>[0],
  { processId, cancelKey }: Pick<LoginResult, 'processId' | 'cancelKey'>,
): Promise<void> {
  const messenger = await RawClient.connect(to);
  messenger.send(cancelPacket(processId, cancelKey));
  await messenger.closed;
}
