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
import { LedgerClient, STYLES } from './ledger-client';

export interface RoundsOptions {
  readonly rounds: number;
  readonly seed: number;
  readonly major?: Major;
  /** Working clients; one more is idle for each. */
  readonly clients?: number;
  /** Reads go to the replica (`read_write_split`). */
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
    replicas: 1,
    users: [{ name: 'app' }],
    settings: {
      ...{ synchronous_commit: 'on', wal_retrieve_retry_interval: '100ms' },
      ...{ synchronous_standby_names: '', max_connections: '60' },
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
  const links = poolMode === 'session' ? 2 * clients : LINKS;
  const ports = [primary, ...replicas].map(({ port }) => port).join(',');
  return `[databases]
app = host=127.0.0.1,127.0.0.1 port=${ports} dbname=postgres ${splits ? 'read_write_split=on' : 'target_session_attrs=primary'}
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

class Rounds {
  readonly #options: RoundsOptions;
  readonly #cluster: Cluster;
  readonly #daemon: Daemon;
  readonly #random: Random;
  readonly #ledger = new Ledger();
  readonly #wrong: string[] = [];
  readonly #rounds: RoundReport[] = [];
  readonly #working: LedgerClient[] = [];
  readonly #idle: Client[] = [];
  #primary: Server;
  #replica: Server;
  /** When a write was last answered. */
  #writes: number[] = [];
  #longestMs = 0;

  constructor(options: RoundsOptions, cluster: Cluster, daemon: Daemon) {
    const [replica] = cluster.replicas;
    if (replica === undefined) throw new Error('the replica is missing');
    this.#options = options;
    this.#cluster = cluster;
    this.#daemon = daemon;
    this.#random = new Random(options.seed);
    this.#primary = cluster.primary;
    this.#replica = replica;
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
    await this.#primary.query(`
      CREATE TABLE ledger (entry text NOT NULL);
      CREATE TABLE things (id int PRIMARY KEY, worth int NOT NULL);
      INSERT INTO things SELECT n, n * 2 FROM generate_series(1, 100) AS n;
      GRANT ALL ON ledger, things TO app;
      GRANT EXECUTE ON FUNCTION pg_promote TO app;
      GRANT pg_monitor TO app`);
    await this.#synchronize();
  }

  /** What the primary acknowledges is on the replica from now on, so that none of it can be lost. */
  async #synchronize(): Promise<void> {
    await this.#primary.configure({ synchronous_standby_names: '*' });
    await waitFor(
      async () => {
        const rows = await this.#primary.query('SELECT sync_state FROM pg_stat_replication');
        return rows.some(({ sync_state }) => sync_state === 'sync');
      },
      { what: 'the replica to be synchronous', deadlineMs: 20_000 },
    );
  }

  async #startClients(): Promise<void> {
    const count = this.#options.clients ?? CLIENTS;
    for (let at = 0; at < count; at++) {
      const style = STYLES[at % STYLES.length] ?? 'simple';
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

  #answered(what: 'read' | 'write' | 'transaction', ms: number): void {
    this.#longestMs = Math.max(this.#longestMs, ms);
    if (what === 'write') this.#writes.push(performance.now());
  }

  async #round(accident: Accident): Promise<void> {
    const { workMs = WORK_MS } = this.#options;
    await delay(workMs);
    const [lost, promoted] = [this.#primary, this.#replica];
    this.#longestMs = 0;
    this.#writes = [];
    const startedMs = performance.now();
    if (accident === 'switchover') await this.#switchOver(promoted);
    else await this.#lose(accident, lost, promoted);
    const doneMs = performance.now();
    const firstMs = await waitFor(
      () => this.#wrong.length > 0 || this.#writes.find((atMs) => atMs > doneMs),
      { what: 'a write after the promotion', deadlineMs: 20_000 },
    );
    [this.#primary, this.#replica] = [promoted, lost];
    await delay(workMs);
    await this.#checkIdle();
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
    else await this.#copyBack(lost, promoted);
    await this.#bringBack(lost);
  }

  async #lose(accident: Loss, lost: Server, promoted: Server): Promise<void> {
    await happens(accident, lost);
    const { promotedWithinMs = PROMOTED_WITHIN_MS } = this.#options;
    await delay(this.#random.between(0, promotedWithinMs));
    await promoted.promote();
  }

  /** Nobody sees an error of any kind. */
  async #switchOver(target: Server): Promise<void> {
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

  async #copyBack(lost: Server, primary: Server): Promise<void> {
    await lost.kill();
    await lost.configure({ synchronous_standby_names: '' });
    await this.#cluster.rejoin(lost, primary);
  }

  async #bringBack(lost: Server): Promise<void> {
    await this.#synchronize();
    await this.#onConsole(async (console) => {
      await waitFor(
        async () => {
          const { rows } = await console.query<{ port: number; role: string; health: string }>(
            'SHOW TOPOLOGY',
          );
          return rows.some(
            ({ port, role, health }) => port === lost.port && role === 'replica' && health === 'up',
          );
        },
        { what: 'the old primary to be a replica', deadlineMs: 20_000 },
      );
    });
  }

  async #found(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#primary.query(
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
