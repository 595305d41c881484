import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { escapeIdentifier, escapeLiteral } from 'pg';
import { certsDir } from './certs';
import { type Binaries, defaultCacheDir, findBinaries, type Major } from './postgres/binaries';
import {
  baseSettings,
  copyCertificates,
  includeSettings,
  type Settings,
  writeHba,
  writeSettings,
} from './postgres/config-file';
import { copyTree } from './postgres/copy-tree';
import { copyForReplica, follow, makeReplica, replicaSettings } from './postgres/replica';
import { Server } from './postgres/server';
import { templateFolder } from './postgres/template';
import { makeScratch, type Scratch } from './process/scratch';
import { type ServerUser, serverUser } from './process/system-user';

/** A role that can log in. */
export interface UserSpec {
  readonly name: string;
  readonly password?: string;
  /** How the server keeps the password. Default `scram-sha-256`. */
  readonly encryption?: 'scram-sha-256' | 'md5';
  readonly superuser?: boolean;
  readonly replication?: boolean;
  readonly connectionLimit?: number;
}

export interface DatabaseSpec {
  readonly name: string;
  readonly owner?: string;
}

export interface ClusterOptions {
  /** Default 18. */
  readonly major?: Major;
  /** Over the testkit's own, for all servers of the cluster. */
  readonly settings?: Settings;
  /**
   * Rules of pg_hba.conf. Before them stands one that lets `postgres` in through the Unix socket,
   * which the testkit itself uses. Default: trust everybody on the Unix socket and on 127.0.0.1.
   */
  readonly hba?: readonly string[];
  /** With the certificates of `packages/testkit/certs`. Default false. */
  readonly tls?: boolean;
  /** Number of streaming replicas. Default 0. */
  readonly replicas?: number;
  readonly users?: readonly UserSpec[];
  readonly databases?: readonly DatabaseSpec[];
  /** Default false: fsync, synchronous_commit and full_page_writes are off. */
  readonly durable?: boolean;
  /** Of the primary. Default: a free one. */
  readonly port?: number;
  /** Where the data folders are; see `makeScratch`. Default `memory`. */
  readonly storage?: 'memory' | 'disk';
  /**
   * Whether the next cluster may start faster for what this one leaves in `defaultCacheDir`. Default
   * true; false leaves nothing.
   */
  readonly keepCache?: boolean;
}

/**
 * Starts a primary and its replicas in a temporary folder. Takes 0.1 s, 0.3 s more for each replica,
 * and 0.3 s for initdb the first time a major is used on a machine.
 *
 * Everything ends with the process that called, however that ends.
 *
 * @throws Error when the platform has no binaries, a port is taken, or PostgreSQL does not start; nothing
 *   is left behind then
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const scratch = makeScratch(options.storage);
  try {
    const cluster = new Cluster(scratch, options);
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  } catch (error) {
    scratch.remove();
    throw error;
  }
}

/** A primary, its replicas, and the folder that all of them live in. */
export class Cluster {
  readonly primary: Server;
  readonly replicas: Server[] = [];
  /** The temporary folder; what a test puts there goes with it. */
  readonly dir: string;
  readonly #scratch: Scratch;
  readonly #options: ClusterOptions;
  readonly #user: ServerUser;
  readonly #binaries: Binaries;
  readonly #settings: Settings;
  #made = 0;

  /** Use `startCluster`. */
  constructor(scratch: Scratch, options: ClusterOptions) {
    this.#scratch = scratch;
    this.#options = options;
    this.dir = scratch.dir;
    this.#user = serverUser();
    const cacheDir = options.keepCache === false ? join(this.dir, 'cache') : defaultCacheDir();
    this.#binaries = findBinaries(options.major ?? 18, this.#user, cacheDir);
    this.#settings = {
      ...baseSettings({ durable: options.durable ?? false, tls: options.tls ?? false }),
      ...options.settings,
    };
    const sockets = join(this.dir, 'sockets');
    mkdirSync(sockets);
    // Whoever gets in here may be the superuser.
    chmodSync(sockets, 0o700);
    if (this.#user.kind === 'other') chownSync(sockets, this.#user.uid, this.#user.gid);
    this.primary = this.#makeServer('primary', this.#settings, options.port);
    copyTree(templateFolder(this.#binaries, this.#user, cacheDir), this.primary.dataDir, {
      owner: this.#user,
      folderMode: 0o700,
    });
    includeSettings(this.primary);
    writeSettings(this.primary, this.#settings);
    writeHba(this.primary, options.hba);
    if (options.tls === true) copyCertificates(this.primary, certsDir());
  }

  /** Called by `startCluster`, once. */
  async startAll(): Promise<void> {
    await this.primary.start();
    const statements = setUp(this.#options);
    if (statements.length > 0) await this.primary.query(statements.join(';\n'));
    for (const { name, owner } of this.#options.databases ?? []) {
      const by = owner === undefined ? '' : ` OWNER ${escapeIdentifier(owner)}`;
      await this.primary.query(`CREATE DATABASE ${escapeIdentifier(name)}${by}`);
    }
    for (let i = 0; i < (this.#options.replicas ?? 0); i++) await this.addReplica();
  }

  /** Copies a running server and starts the copy as its replica. `from`: default the primary. */
  async addReplica(from: Server = this.primary): Promise<Server> {
    this.#made += 1;
    const name = `replica_${this.#made}`;
    const settings = { ...this.#settings, ...replicaSettings(from, name) };
    const replica = this.#makeServer(name, settings, undefined);
    await copyForReplica(from, { dataDir: replica.dataDir, slot: name });
    writeSettings(replica, settings);
    this.replicas.push(replica);
    await replica.start();
    return replica;
  }

  /**
   * Stops `server`, throws its data away and starts it on the same port as a replica of `primary`:
   * how an old primary comes back after a failover.
   */
  async rejoin(server: Server, primary: Server): Promise<void> {
    await server.stop('immediate');
    await copyForReplica(primary, { dataDir: server.dataDir, slot: server.name });
    await server.configure(replicaSettings(primary, server.name));
    await server.start();
  }

  /**
   * Points a running replica to another primary, which was promoted in the place of the one that it
   * followed. It must not have received more than the other had when it was promoted.
   */
  async follow(replica: Server, primary: Server): Promise<void> {
    await follow(replica, primary);
  }

  /**
   * Stops a primary in order and makes a replica of `target` of it, which is not started yet. `target` is
   * its own replica, and is not promoted.
   */
  async demote(server: Server, target: Server): Promise<void> {
    await server.stop('fast');
    await makeReplica(server, target);
  }

  /** Stops all servers at once and removes the folder. Can be called twice. */
  async stop(): Promise<void> {
    await Promise.all([this.primary, ...this.replicas].map((server) => server.stop('immediate')));
    this.#scratch.remove();
  }

  #makeServer(name: string, settings: Settings, port: number | undefined): Server {
    const [dir, binaries, user] = [this.dir, this.#binaries, this.#user];
    return new Server({ name, dir, binaries, user, settings, port });
  }
}

function setUp(options: ClusterOptions): string[] {
  return (options.users ?? []).flatMap((user) => {
    const words = ['CREATE ROLE', escapeIdentifier(user.name), 'LOGIN'];
    if (user.superuser === true) words.push('SUPERUSER');
    if (user.replication === true) words.push('REPLICATION');
    if (user.connectionLimit !== undefined)
      words.push('CONNECTION LIMIT', `${user.connectionLimit}`);
    if (user.password !== undefined) words.push('PASSWORD', escapeLiteral(user.password));
    return [`SET password_encryption = '${user.encryption ?? 'scram-sha-256'}'`, words.join(' ')];
  });
}
