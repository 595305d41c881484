import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import { type Cluster, startCluster } from '../cluster';
import { type Daemon, daemonCommand, startDaemon } from '../daemon';
import type { Major } from '../postgres/binaries';
import { DemotionDesk, serverOn } from '../postgres/demotion-desk';
import type { Server } from '../postgres/server';
import { Random } from '../random';
import { waitFor } from '../wait-for';
import { ACCIDENTS, type Accident, happens, type Loss } from './accidents';
import { Ledger } from './ledger';
import { type Answered, connectionsOf, LedgerClient, STYLES, type Style } from './ledger-client';
import { RoundServers } from './servers';

export interface RoundsOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly major?: Major;
  /** Working clients; one more is idle for each. */
  readonly clients?: number;
  /** Streaming replicas, of which the most advanced is promoted. Default 1. */
  readonly replicas?: number;
  /** Reads go to replicas (`read_write_split`). */
  readonly splits?: boolean;
  /** Further lines of `[pgbouncer]`. */
  readonly extraLines?: readonly string[];
  /** Default: transaction. In session mode every client has a link of its own. */
  readonly poolMode?: 'session' | 'transaction';
  /** What happens, in turn. Default: everything. */
  readonly accidents?: readonly Accident[];
  /** The longest time from a loss to the promotion. Default 3,000. */
  readonly promotedWithinMs?: number;
  /** How long clients work before and after. Default 500. */
  readonly workMs?: number;
  readonly onRound?: (round: RoundReport) => void;
}

export interface RoundReport {
  readonly accident: Accident;
  /** From the accident to the end of the promotion. */
  readonly promotedAfterMs: number;
  /** From there to the first write that was answered. */
  readonly firstWriteMs: number;
  /** The longest that any client waited for an answer. */
  readonly longestMs: number;
}

export interface RoundsReport {
  readonly rounds: readonly RoundReport[];
  /** What must not be, one line each. */
  readonly wrong: readonly string[];
  readonly committed: number;
  readonly rolledBack: number;
  readonly unknown: number;
  /** Errors that may be, by their codes. */
  readonly errors: ReadonlyMap<string, number>;
  readonly log: string;
}

const LINKS = 8;
const CLIENTS = 12;
const PROMOTED_WITHIN_MS = 3000;
const WORK_MS = 500;

/**
 * Loses the primary again and again under load, promotes its replica, and brings the old one back; or
 * has the one hand over to the other. Is every acknowledged commit there, once, and does no client see
 * an error that it should not?
 */
export async function failoverRounds(options: RoundsOptions): Promise<RoundsReport> {
  const cluster = await startCluster({
    major: options.major ?? 18,
    replicas: options.replicas ?? 1,
    users: [{ name: 'app' }],
    settings: {
      ...{ synchronous_commit: 'on', wal_retrieve_retry_interval: '100ms' },
      ...{ synchronous_standby_names: '', max_connections: '60' },
      // A replica that follows another primary may need what was written before the promotion.
      wal_keep_size: '64MB',
    },
  });
  let daemon: Daemon | undefined;
  let desk: DemotionDesk | undefined;
  try {
    desk = await DemotionDesk.open(cluster, async (ask) => {
      const demoted = serverOn(cluster, ask.PRIMARY_PORT);
      await cluster.demote(demoted, serverOn(cluster, ask.TARGET_PORT));
      await demoted.configure({ synchronous_standby_names: '' });
    });
    daemon = await startDaemon({
      command: daemonCommand(),
      config: configuration(cluster, desk, options),
      userlist: '"app" ""\n',
    });
    return await new Rounds(options, cluster, daemon).run();
  } finally {
    await daemon?.stop('SIGKILL');
    await desk?.close();
    await cluster.stop();
  }
}

function configuration(
  { primary, replicas }: Cluster,
  { command }: DemotionDesk,
  { clients = CLIENTS, extraLines = [], poolMode = 'transaction', splits = false }: RoundsOptions,
): string {
  const links = poolMode === 'session' ? connectionsInAll(clients) : LINKS;
  const servers = [primary, ...replicas];
  const hosts = servers.map(({ host }) => host).join(',');
  const ports = servers.map(({ port }) => port).join(',');
  return `[databases]
app = host=${hosts} port=${ports} dbname=postgres ${splits ? 'read_write_split=on' : 'target_session_attrs=primary'}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = trust
auth_file = {dir}/userlist.txt
admin_users = app
health_check_user = app
demote_command = ${command}
pool_mode = ${poolMode}
default_pool_size = ${links}
server_tls_sslmode = disable
${extraLines.join('\n')}
`;
}

function styleAt(at: number): Style {
  return STYLES[at % STYLES.length] ?? 'simple';
}

/** Of the clients that work, and of as many that are idle. */
function connectionsInAll(clients: number): number {
  const each = Array.from({ length: clients }, (_, at) => connectionsOf(styleAt(at)) + 1);
  return each.reduce((sum, count) => sum + count, 0);
}

class Rounds {
  readonly #options: RoundsOptions;
  readonly #servers: RoundServers;
  readonly #daemon: Daemon;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  readonly #wrong: string[] = [];
  readonly #rounds: RoundReport[] = [];
  readonly #working: LedgerClient[] = [];
  readonly #idle: Client[] = [];
  /** When a write was last answered. */
  #writes: number[] = [];
  #longestMs = 0;

  constructor(options: RoundsOptions, cluster: Cluster, daemon: Daemon) {
    this.#options = options;
    this.#daemon = daemon;
    this.#random = new Random(options.seed);
    this.#servers = new RoundServers(cluster, this.#random);
  }

  async run(): Promise<RoundsReport> {
    await this.#prepare();
    await this.#startClients();
    const { accidents = ACCIDENTS, rounds } = this.#options;
    for (let at = 0; at < rounds && this.#wrong.length === 0; at++) {
      await this.#round(accidents[at % accidents.length] ?? 'kill -9');
    }
    await Promise.all(this.#working.map((client) => client.stop()));
    await Promise.all(this.#idle.map((client) => client.end()));
    this.#wrong.push(...this.#ledger.judge(await this.#found()));
    return this.#report();
  }

  async #prepare(): Promise<void> {
    await this.#servers.primary.query(`
      CREATE TABLE ledger (entry text NOT NULL);
      CREATE TABLE things (id int PRIMARY KEY, worth int NOT NULL);
      INSERT INTO things SELECT n, n * 2 FROM generate_series(1, 100) AS n;
      GRANT ALL ON ledger, things TO app;
      GRANT EXECUTE ON FUNCTION pg_promote TO app;
      GRANT pg_monitor TO app`);
    await this.#servers.synchronize();
  }

  async #startClients(): Promise<void> {
    const count = this.#options.clients ?? CLIENTS;
    for (let at = 0; at < count; at++) {
      const style = styleAt(at);
      const client = new LedgerClient({
        ...{ port: this.#daemon.port, name: `${style}${at}`, style, ledger: this.#ledger },
        random: new Random(this.#options.seed + at + 1),
        wrong: (what) => void this.#wrong.push(what),
        answered: (what, ms) => this.#answered(what, ms),
      });
      await client.start();
      this.#working.push(client);
      this.#idle.push(await this.#idleClient(at));
    }
  }

  /** It has used its connection, and hears of nothing. */
  async #idleClient(number: number): Promise<Client> {
    const { port } = this.#daemon;
    const client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'app' });
    client.on('error', (error) => this.#wrong.push(`idle ${number}: ${error.message}`));
    await client.connect();
    await client.query(`SET application_name = 'idle ${number}'`);
    return client;
  }

  #answered(what: Answered, ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
    if (what === 'write') this.#writes.push(performance.now());
  }

  async #round(accident: Accident): Promise<void> {
    const { workMs = WORK_MS } = this.#options;
    await delay(workMs);
    this.#longestMs = 0;
    this.#writes = [];
    const startedMs = performance.now();
    const promoted = await (accident === 'switchover' ? this.#switchOver() : this.#lose(accident));
    const doneMs = performance.now();
    const firstMs = await waitFor(
      () => this.#wrong.length > 0 || this.#writes.find((atMs) => atMs > doneMs),
      { what: 'a write after the promotion', deadlineMs: 20_000 },
    );
    const lost = await this.#servers.promoted(promoted);
    await delay(workMs);
    await this.#checkIdle();
    await Promise.all(this.#working.map((client) => client.check()));
    const round: RoundReport = {
      accident,
      promotedAfterMs: doneMs - startedMs,
      firstWriteMs: firstMs === true ? Number.NaN : firstMs - doneMs,
      longestMs: this.#longestMs,
    };
    this.#rounds.push(round);
    this.#options.onRound?.(round);
    if (this.#wrong.length > 0) return;
    if (accident === 'switchover') await lost.start();
    else await this.#servers.copyBack(lost);
    await this.#servers.synchronize();
    await this.#untilInService();
  }

  /** @returns who was promoted */
  async #lose(accident: Loss): Promise<Server> {
    await happens(accident, this.#servers.primary);
    const { promotedWithinMs = PROMOTED_WITHIN_MS } = this.#options;
    await delay(this.#random.between(0, promotedWithinMs));
    const promoted = await this.#servers.mostAdvanced();
    await promoted.promote();
    return promoted;
  }

  /** Nobody sees an error of any kind. @returns who was promoted */
  async #switchOver(): Promise<Server> {
    const target = this.#servers.anyReplica();
    const before = JSON.stringify([...this.#errors()]);
    try {
      await this.#onConsole((console) =>
        console.query(`SWITCHOVER app TO ${target.host}:${target.port}`),
      );
    } catch (error) {
      this.#wrong.push(`SWITCHOVER: ${String(error)}`);
    }
    const after = JSON.stringify([...this.#errors()]);
    if (before !== after) this.#wrong.push(`errors in a switchover: ${before}, then ${after}`);
    return target;
  }

  async #onConsole<T>(work: (console: Client) => Promise<T>): Promise<T> {
    const { port } = this.#daemon;
    const client = new Client({ host: '127.0.0.1', port, user: 'app', database: 'pgweir' });
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  }

  async #checkIdle(): Promise<void> {
    for (const [number, client] of this.#idle.entries()) {
      try {
        const { rows } = await client.query('SHOW application_name');
        const [row]: unknown[] = rows;
        const expected = JSON.stringify({ application_name: `idle ${number}` });
        if (JSON.stringify(row) !== expected)
          this.#wrong.push(`idle ${number}: ${JSON.stringify(row)}`);
      } catch (error) {
        this.#wrong.push(`idle ${number}: ${String(error)}`);
      }
    }
  }

  /** pgweir has to see that all replicas are fit again, or it would be right not to take the next one. */
  async #untilInService(): Promise<void> {
    const ports = new Set(this.#servers.replicas.map(({ port }) => port));
    await this.#onConsole(async (console) => {
      await waitFor(
        async () => {
          const { rows } = await console.query<{ port: number; role: string; health: string }>(
            'SHOW TOPOLOGY',
          );
          const fit = rows.filter(
            ({ port, role, health }) => ports.has(port) && role === 'replica' && health === 'up',
          );
          return fit.length === ports.size;
        },
        { what: 'the replicas to be in service', deadlineMs: 20_000 },
      );
    });
  }

  async #found(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#servers.primary.query(
      'SELECT entry, count(*)::int AS count FROM ledger GROUP BY entry',
    );
    return new Map(rows.map(({ entry, count }) => [String(entry), Number(count)]));
  }

  /** Of all clients so far, by their codes. */
  #errors(): ReadonlyMap<string, number> {
    const errors = new Map<string, number>();
    for (const client of this.#working) {
      for (const [code, count] of client.errors) errors.set(code, (errors.get(code) ?? 0) + count);
    }
    return errors;
  }

  #report(): RoundsReport {
    return {
      rounds: this.#rounds,
      wrong: this.#wrong,
      committed: this.#ledger.count('committed'),
      rolledBack: this.#ledger.count('rolled back'),
      unknown: this.#ledger.count('unknown'),
      errors: this.#errors(),
      log: this.#daemon.log(),
    };
  }
}
