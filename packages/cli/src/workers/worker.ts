import {
  type CancelIdentity,
  type ClientTotals,
  type DaemonSnapshot,
  type Grammar,
  type PoolerSettings,
  type PoolKey,
  RemoteLinkBudget,
  type ServerLeases,
  type SnapshotPart,
  totalsOf,
  type WorkerSlot,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { loadConfig } from '../config/load';
import { recordedFiles } from '../config/recorded-files';
import { createLogger, type DaemonLogger, loggerOptions } from '../log/logger';
import { NO_SLOT, PoolerProcess } from '../pooler-process';
import { systemClock } from '../runtime/system-clock';
import { Secrets } from '../secrets/secrets';
import { secretStores } from '../secrets/stores';
import type { ShutdownKind } from '../signals';
import { passDescriptor } from '../system-calls';
import { reasonOf, stackOf } from '../system-error';
import { type Channel, FOR_EVER_MS } from './channel';
import { answerTraffic } from './crew-traffic';
import {
  type AskedOfSupervisor,
  type AskedOfWorker,
  type Configuration,
  PASSING_DESCRIPTOR,
  type ToldToSupervisor,
  type ToldToWorker,
  type TrafficAsk,
  type WorkerStart,
} from './messages';
import { type PositionNews, RemotePositions } from './position-exchange';
import { ReceivedTopology, type TopologyNews } from './received-topology';
import type { TokenNews } from './token-board';
import { WelcomeBoard, type WelcomeNews } from './welcome-board';

export type SupervisorChannel = Channel<
  AskedOfSupervisor,
  AskedOfWorker,
  ToldToSupervisor,
  ToldToWorker
>;

/** How long the supervisor may take. It asks every worker in turn, and has deadlines of its own. */
const VIEW_MS = 5_000;
const COMMAND_MS = 60_000;
const REPLACE_MS = 3_600_000;
const CANCEL_MS = 60_000;
/** Changes of the number of clients are told together. */
const CLIENTS_DELAY_MS = 5;

/** One worker: a whole pooler that serves inherited ports and gets its links from the supervisor. */
export class Worker {
  readonly budget: RemoteLinkBudget;
  readonly #start: WorkerStart;
  readonly #channel: SupervisorChannel;
  readonly #log: DaemonLogger;
  readonly #secrets: Secrets;
  readonly #process: PoolerProcess;
  readonly #welcomes: WelcomeBoard;
  readonly #topology: ReceivedTopology;
  readonly #positions: RemotePositions;
  #slot: WorkerSlot;
  #clientsTimer: NodeJS.Timeout | undefined;
  #leaving = false;

  /** @throws Error when the files make no configuration */
  constructor(start: WorkerStart, channel: SupervisorChannel, grammar: Grammar) {
    this.#start = start;
    this.#channel = channel;
    this.#slot = { index: start.slot, count: start.slots };
    const first = this.#load({ files: start.firstFiles, overrides: [] }, undefined);
    const config = this.#load(start, first);
    this.#log = createLogger({
      ...loggerOptions(config, start.logFlags, start.cwd),
      fields: { worker: start.number },
    });
    this.#welcomes = new WelcomeBoard(start.generation);
    this.#topology = new ReceivedTopology(start.topology, (noticed) => channel.tell(noticed));
    this.#positions = new RemotePositions((ask) => channel.tell(ask));
    this.budget = new RemoteLinkBudget({
      clock: systemClock,
      send: (message) => channel.tell(message),
      passDescriptor: (permit, descriptor) => this.#pass(permit, descriptor),
    });
    this.#secrets = new Secrets({
      config: () => this.#process?.config ?? config,
      storeOf: secretStores(systemClock),
      ...{ clock: systemClock, log: this.#log },
    });
    this.#process = new PoolerProcess({
      config,
      log: this.#log,
      secrets: this.#secrets,
      place: { role: 'worker', slot: start.slot },
      budget: this.budget,
      grammar,
      ...{ topology: this.#topology, positions: this.#positions },
      adapt: (settings: PoolerSettings) => ({ ...settings, workerSlot: this.#slot }),
      commands: {
        view: (parts) => channel.ask('view', { parts }, VIEW_MS),
        set: (key, value) => channel.ask('set', { key, value }, COMMAND_MS),
        order: async (order) => (await channel.ask('order', order, FOR_EVER_MS)) ?? undefined,
        reload: () => channel.ask('reload', {}, COMMAND_MS),
        shutDown: (how: ShutdownKind) =>
          channel.ask('shutDown', { how }, COMMAND_MS).then(() => undefined),
        replaceWorkers: async () =>
          (await channel.ask('replaceWorkers', {}, REPLACE_MS)) ?? undefined,
      },
      tokenProven: (token) => channel.tell({ kind: 'tokens', tokens: [token] }),
      worker: {
        number: start.number,
        cancelSecret: Buffer.from(start.cancelSecret, 'hex'),
        afterRestart: start.afterRestart,
        cancelElsewhere: (...request) => this.#cancelElsewhere(...request),
        clientsChanged: () => this.#clientsChanged(),
        welcomes: {
          known: (pool) => this.#welcomes.get(pool),
          reported: (pool, values) => this.#welcomeReported(pool, values),
        },
      },
    });
  }

  /** Opens every port. @throws the system's error */
  async listen(): Promise<void> {
    await this.#process.pooler.orders.hold(this.#start.holds);
    await this.#secrets.ready();
    const { backlog } = this.#process.config.listen;
    for (const { address, descriptor } of this.#start.ports) {
      await this.#process.pooler.listen(address, backlog, descriptor);
    }
    this.#log.debug('worker is up');
  }

  #load(
    { files, overrides }: Pick<Configuration, 'files' | 'overrides'>,
    running: DaemonConfig | undefined,
  ): DaemonConfig {
    const { configPath, cwd } = this.#start;
    const readFile = recordedFiles(files);
    const result = loadConfig(configPath, {
      cwd,
      readFile,
      overrides,
      ...(running === undefined ? {} : { running }),
    });
    if (result.kind === 'ok') return result.config;
    // The supervisor has loaded the same texts, and reports what is wrong with them.
    throw new Error(result.problems[0]?.message ?? 'the configuration cannot be used');
  }

  /** Its own file descriptors are the supervisor's to watch, should this process die. */
  #pass(permit: number, descriptor: number | undefined): boolean {
    if (descriptor === undefined) return false;
    try {
      passDescriptor(PASSING_DESCRIPTOR, descriptor, permit);
    } catch (error) {
      this.#log.error('a link cannot be handed to the supervisor', { reason: reasonOf(error) });
      return false;
    }
    this.#channel.tell({ kind: 'passed' });
    return true;
  }

  #cancelElsewhere(
    worker: number,
    { processId, key }: CancelIdentity,
    answer: (found: boolean) => void,
  ): void {
    const ask = { worker, processId, key: key.toString('hex') };
    void this.#channel.ask('cancel', ask, CANCEL_MS).then(answer, (error: unknown) => {
      this.#log.warn('cancel request cannot be passed on', { reason: reasonOf(error) });
      answer(true);
    });
  }

  #clientsChanged(): void {
    this.#clientsTimer ??= setTimeout(() => {
      this.#clientsTimer = undefined;
      this.#channel.tell({ kind: 'clients', clients: this.#clientTotals() });
    }, CLIENTS_DELAY_MS);
  }

  /** By name only where there is a cap by name: with many users it would be a long message. */
  #clientTotals(): ClientTotals {
    const { total, perUser, perDatabase } = this.#process.pooler.clientTotals();
    const { userClientsMax, databaseClientsMax, users, databases } = this.#process.config.pooler;
    const capsUsers =
      userClientsMax > 0 || [...users.values()].some((user) => user.userClientsMax !== undefined);
    const capsDatabases =
      databaseClientsMax > 0 ||
      [...databases.values(), this.#process.config.pooler.fallbackDatabase].some(
        (database) => database?.databaseClientsMax !== undefined,
      );
    return {
      total,
      perUser: capsUsers ? perUser : [],
      perDatabase: capsDatabases ? perDatabase : [],
    };
  }

  /** `worker_hang_timeout = 0`: somebody may be looking at it with a debugger. */
  get mayHang(): boolean {
    return this.#process.config.workers.hangTimeoutMs === 0;
  }

  setOtherClients(others: ClientTotals): void {
    this.#process.pooler.setOtherClients(others);
  }

  snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot> {
    return this.#process.snapshot(parts);
  }

  traffic(ask: TrafficAsk): Promise<boolean> {
    return answerTraffic(this.#process.pooler.orders, ask);
  }

  countLeases(of: ServerLeases): Promise<number> {
    return this.#process.pooler.orders.countLeases(of);
  }

  /** What servers are has changed. */
  topologyHeard(news: TopologyNews): void {
    this.#topology.heard(news);
  }

  /** Servers have come further. */
  positionsHeard(news: PositionNews): void {
    this.#positions.heard(news);
  }

  tokensHeard({ tokens }: TokenNews): void {
    for (const token of tokens) this.#process.passedTokens.heard(token);
  }

  welcomesHeard(news: WelcomeNews): void {
    const { pooler } = this.#process;
    for (const [pool, values] of this.#welcomes.heard(news))
      pooler.pools.get(pool)?.welcomeKnown(values);
  }

  #welcomeReported(pool: PoolKey, values: ReadonlyMap<string, string>): void {
    const news = this.#welcomes.news([[pool, [...values]]]);
    if (this.#welcomes.heard(news).length > 0) this.#channel.tell(news);
  }

  /** Applies the configuration in `files`. False: it could not, and goes on as before. */
  configure(configuration: Configuration): boolean {
    try {
      const config = this.#load(configuration, this.#process.config);
      this.#welcomes.restart(configuration.generation);
      this.#process.configure(config);
      return true;
    } catch (error) {
      this.#log.error('the new configuration cannot be applied', { reason: reasonOf(error) });
      return false;
    }
  }

  cancel(identity: CancelIdentity): Promise<boolean> {
    return new Promise((resolve) => this.#process.pooler.cancelFromElsewhere(identity, resolve));
  }

  reopenLog(): void {
    this.#log.reopen();
  }

  /** Stops accepting, as another worker does now. Resolves when everybody has left. */
  async retire(): Promise<void> {
    this.#slot = NO_SLOT;
    this.#process.configure(this.#process.config);
    await this.#process.pooler.retire();
  }

  async drain(until: 'clients-left' | 'links-closed'): Promise<void> {
    await this.#process.pooler.drain(until);
  }

  /** Closes everything. @returns the totals of its life, the first time */
  async stop(): Promise<Extract<ToldToSupervisor, { kind: 'farewell' }> | undefined> {
    if (this.#leaving) return undefined;
    this.#leaving = true;
    clearTimeout(this.#clientsTimer);
    const seen = await this.#process.pooler.snapshot(['statements']);
    await this.#process.stop();
    this.#secrets.close();
    return { kind: 'farewell', statements: seen.statements, ...totalsOf(seen) };
  }

  crashed(error: unknown): void {
    this.#log.error('internal error, stopping', { stack: stackOf(error) });
  }
}
