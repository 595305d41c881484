import type { Cluster } from '../cluster';
import type { Server } from '../postgres/server';
import type { Random } from '../random';
import { waitFor } from '../wait-for';

const CONNECTED_WITHIN_MS = 20_000;

/** Who is primary and who follows, and how they come to be what they are next. */
export class RoundServers {
  readonly #cluster: Cluster;
  readonly #random: Random;
  #primary: Server;
  #replicas: readonly Server[];

  constructor(cluster: Cluster, random: Random) {
    this.#cluster = cluster;
    this.#random = random;
    this.#primary = cluster.primary;
    this.#replicas = cluster.replicas;
  }

  get primary(): Server {
    return this.#primary;
  }

  get replicas(): readonly Server[] {
    return this.#replicas;
  }

  /** Any of the replicas: all of them get everything before the primary is gone in order. */
  anyReplica(): Server {
    return this.#random.pick(this.#replicas);
  }

  /**
   * The replica that has most of what the lost primary has written, of equals any: one of them has
   * confirmed each commit, and it need not always be the same one.
   */
  async mostAdvanced(): Promise<Server> {
    const received = await Promise.all(this.#replicas.map(receivedBytes));
    const most = received.reduce((high, bytes) => (bytes > high ? bytes : high));
    return this.#random.pick(this.#replicas.filter((_server, at) => received[at] === most));
  }

  /** `promoted` is primary from now on, and the other replicas follow it. @returns who was it before */
  async promoted(promoted: Server): Promise<Server> {
    const lost = this.#primary;
    const others = this.#replicas.filter((server) => server !== promoted);
    this.#primary = promoted;
    this.#replicas = [...others, lost];
    for (const other of others) await this.#cluster.follow(other, promoted);
    return lost;
  }

  /** A primary that was lost comes back as a copy of the one that there is now. */
  async copyBack(lost: Server): Promise<void> {
    await lost.kill();
    await lost.configure({ synchronous_standby_names: '' });
    await this.#cluster.rejoin(lost, this.#primary);
  }

  /** What the primary acknowledges is on one replica from now on, so that none of it can be lost. */
  async synchronize(): Promise<void> {
    await this.#primary.configure({ synchronous_standby_names: 'ANY 1 (*)' });
    await waitFor(
      async () => {
        const rows = await this.#primary.query(
          "SELECT FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'",
        );
        return rows.length === this.#replicas.length;
      },
      { what: 'the replicas to be synchronous', deadlineMs: CONNECTED_WITHIN_MS },
    );
  }
}

/** How far the write-ahead log goes that a replica has on its disk. */
async function receivedBytes(replica: Server): Promise<bigint> {
  const [row] = await replica.query(
    `SELECT (greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0')::text AS bytes`,
  );
  return BigInt(String(row?.bytes));
}
