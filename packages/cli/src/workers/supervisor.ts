import { randomBytes } from 'node:crypto';
import {
  type BudgetFromWorker,
  createTransport,
  isBudgetMessage,
  isIdOfWorker,
  linkLimits,
  SharedLinkBudget,
  type SnapshotPart,
} from '@pgweir/pooler';
import type { ConsoleCommands } from '../admin/commands';
import type { Picture } from '../admin/show/item';
import type { DaemonConfig } from '../config/daemon-config';
import type { Overrides } from '../config/load';
import type { DaemonOptions } from '../daemon-options';
import { ServerWatch } from '../health/server-watch';
import { HttpDoor } from '../http/http-door';
import { openPorts } from '../listen';
import { Operator } from '../operator';
import { Reloads, readAgain, sayReloaded } from '../reloading';
import { doorPath, RestartDoor } from '../restart/door';
import { systemClock } from '../runtime/system-clock';
import { Secrets } from '../secrets/secrets';
import { secretStores } from '../secrets/stores';
import { onSignals, type ShutdownKind } from '../signals';
import { StatsPeriods } from '../stats-periods';
import { systemCalls } from '../system-calls';
import { upMessage } from '../version';
import { cancelAnywhere } from './cancel-anywhere';
import type { Answers } from './channel';
import { ClientExchange } from './client-exchange';
import { commandAnswers } from './command-answers';
import { configureWorker } from './configure-worker';
import { Crew } from './crew';
import { CrewEstate } from './crew-estate';
import { CrewTraffic } from './crew-traffic';
import { CrewView } from './crew-view';
import { Heartbeat } from './heartbeat';
import { LinkWatch } from './link-watch';
import type { AskedOfSupervisor, Configuration, ToldToSupervisor } from './messages';
import { PositionDesk } from './position-exchange';
import { topologyNews } from './received-topology';
import { SharedPorts } from './shared-ports';
import { keepServerLimits, relieveOften, SUPERVISOR, supervisorBudget } from './supervisor-budget';
import { TokenBoard } from './token-board';
import { WelcomeBoard } from './welcome-board';
import { WorkerProcess } from './worker-process';

const CANCEL_SECRET_BYTES = 32;

/**
 * A daemon of several processes: starts workers, which carry the traffic, and has itself what there must
 * be only one of. That is the ports, the link budget, the configuration, signals, and one view of all.
 */
export class Supervisor {
  #config: DaemonConfig;
  readonly #options: DaemonOptions;
  readonly #firstFiles: ReturnType<DaemonOptions['filesRead']>;
  readonly #cancelSecret = randomBytes(CANCEL_SECRET_BYTES).toString('hex');
  readonly #ports: SharedPorts;
  readonly #crew: Crew;
  readonly #budget: SharedLinkBudget;
  readonly #links: LinkWatch;
  readonly #clients: ClientExchange;
  readonly #welcomes = new WelcomeBoard(0);
  readonly #tokens = new TokenBoard();
  readonly #view: CrewView;
  readonly #limitServers: () => void;
  readonly #statsPeriods: StatsPeriods;
  readonly #operator: Operator;
  readonly #http: HttpDoor;
  /** For questions to servers: each worker has its own. */
  readonly #secrets: Secrets;
  readonly #servers: ServerWatch;
  readonly #positions: PositionDesk;
  readonly #heartbeat: Heartbeat;
  readonly #relief: NodeJS.Timeout;
  readonly #stopped: Promise<number>;
  #exit: (code: number) => void = () => undefined;
  #shuttingDown = false;
  readonly #estate: CrewEstate;
  /** Where another process may ask to take over. */
  readonly #door: RestartDoor;
  readonly #reloads = new Reloads({
    service: () => this.#options.service,
    apply: (changes) => this.#apply(changes),
  });

  /** @throws Error with a text for the operator where there cannot be workers */
  constructor(options: DaemonOptions) {
    const { config, log, predecessor, service } = options;
    systemCalls();
    this.#options = options;
    this.#config = config;
    this.#firstFiles = options.filesRead();
    this.#stopped = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.#ports = new SharedPorts(config.workers.count, { instances: config.listen.reusePort });
    const configNow = () => this.#config;
    const drainTimeoutMs = () => this.#config.workers.drainTimeoutMs;
    this.#crew = new Crew({
      ...{ slots: config.workers.count, log, drainTimeoutMs },
      spawn: (place) => this.#spawn(place),
      ended: (worker) => this.#ended(worker),
    });
    const living = () => this.#crew.living;
    const transport = createTransport();
    const clock = systemClock;
    this.#links = new LinkWatch(() => ({ transport, settings: this.#config.pooler, clock, log }));
    this.#budget = new SharedLinkBudget({
      nowMs: () => performance.now(),
      send: (worker, message) => {
        if (worker === SUPERVISOR) own.says(message);
        else if (worker < 0) predecessor?.budgetSays(worker, message);
        else this.#crew.byNumber(worker)?.channel.tell(message);
      },
      limitsOf: (counts) => linkLimits(this.#config.pooler, counts),
      released: ({ id }) => this.#links.released(id),
    });
    if (predecessor !== undefined) this.#budget.hold();
    const own = supervisorBudget(this.#budget, (message) => {
      this.#estate.budgetHears(SUPERVISOR, message);
    });
    this.#estate = new CrewEstate({
      ...{ crew: this.#crew, budget: this.#budget, links: this.#links, ports: this.#ports },
      ...{ log, predecessor, toSupervisor: own.says, drainTimeoutMs },
      stopping: () => this.#shuttingDown,
      busy: () => this.#servers.underWay,
      surrendered: (gone) => this.#surrendered(gone),
    });
    this.#door = new RestartDoor({ transport, log, estate: this.#estate });
    this.#relief = relieveOften(this.#budget);
    this.#clients = new ClientExchange(living);
    this.#view = new CrewView(this.#crew, { log, settings: () => this.#config.pooler });
    const traffic = new CrewTraffic(this.#crew, this.#links, this.#view, log);
    this.#secrets = new Secrets({ config: configNow, clock, log, storeOf: secretStores(clock) });
    this.#servers = new ServerWatch({
      ...{ config: configNow, budget: own.own, log },
      passwords: this.#secrets.serverPasswords,
      countLeases: (of) => traffic.countLeases(of),
      switchoverObstacle: () => this.#estate.switchoverObstacle,
    });
    this.#statsPeriods = new StatsPeriods({
      ...{ view: this.#view, log, service, topology: this.#servers.control },
      serverCaps: () => this.#budget.serverCaps,
    });
    const settings = () => this.#config.pooler;
    this.#operator = new Operator({
      ...{ traffic, view: this.#view, servers: this.#servers, settings },
      stopping: () => this.#shuttingDown,
    });
    this.#http = this.#httpDoor();
    this.#positions = new PositionDesk(this.#servers.control.positions);
    this.#heartbeat = new Heartbeat(living, log);
    // First, so that workers ask for links to servers that have their limits.
    this.#limitServers = keepServerLimits(this.#budget, this.#servers.control, settings);
    this.#servers.control.subscribe((snapshot) => this.#crew.tellAll(topologyNews(snapshot)));
  }

  #httpDoor(): HttpDoor {
    const { log, predecessor } = this.#options;
    return new HttpDoor({
      ...{ commands: this.#commands(), log, config: () => this.#config },
      holds: () => this.#operator.holds,
      isCarried: () => [...this.#crew.living].some(({ phase }) => phase === 'serving'),
      stopping: () => this.#shuttingDown,
      takesOver: predecessor !== undefined,
    });
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const { givenSockets, log, onUp, predecessor } = this.#options;
    const releaseSignals = onSignals({
      reload: () => {
        log.reopen();
        this.#crew.tellAll({ kind: 'reopen-log' });
        void this.#reloads.run();
      },
      shutDown: (how) => this.#shutDown(how),
      order: (order) => this.#operator.carryOut(order),
      stopping: () => this.#shuttingDown,
      log,
    });
    try {
      await this.#http.open();
      const { listen, workers } = this.#config;
      const open = async (...port: Parameters<SharedPorts['open']>) => this.#ports.open(...port);
      const inherited = (await predecessor?.ports()) ?? [];
      await openPorts(open, { settings: listen, givenSockets, inherited, log });
      await Promise.race([this.#crew.startAll(), this.#stopped]);
      if (predecessor !== undefined && !this.#shuttingDown) {
        await predecessor.takeOver({ budget: this.#budget, links: this.#links, log });
        this.#budget.begin();
        this.#ports.own();
      }
      await this.#door.open(doorPath(listen));
      this.#statsPeriods.restart(this.#config);
      this.#view.configure(this.#config);
      this.#heartbeat.restart(workers.hangTimeoutMs);
      this.#http.up();
      if (!this.#shuttingDown) onUp(upMessage(`, ${workers.count} workers`));
      return await this.#stopped;
    } catch (error) {
      // What a predecessor has not handed over is in its hands still.
      if (predecessor !== undefined) this.#ports.letGo();
      this.#shutDown('now');
      await this.#stopped;
      throw error;
    } finally {
      releaseSignals();
    }
  }

  #spawn({ slot, number }: { readonly slot: number; readonly number: number }): WorkerProcess {
    const { configPath, cwd, logFlags, self } = this.#options;
    const { ports, descriptors } = this.#ports.ofSlot(slot);
    this.#budget.workerJoined(number);
    const worker = new WorkerProcess({
      self,
      start: {
        slot,
        slots: this.#config.workers.count,
        number,
        configPath,
        cwd,
        firstFiles: this.#firstFiles,
        ...this.#configuration(),
        holds: this.#operator.holds,
        topology: topologyNews(this.#servers.control.current),
        cancelSecret: this.#cancelSecret,
        afterRestart: this.#options.predecessor !== undefined,
        logFlags,
        ports,
      },
      descriptors,
      answers: this.#answers(),
      told: (from, told) => this.#told(from, told),
    });
    worker.up.then(() => this.#serves(worker), ignore);
    this.#options.log.debug(`worker ${number} starts`, {
      slot,
      worker: number,
      worker_pid: worker.pid,
    });
    return worker;
  }

  #configuration(): Configuration {
    const { filesRead, overrides } = this.#options;
    const { generation } = this.#welcomes;
    return { files: filesRead(), overrides: overrides(), generation };
  }

  #serves(worker: WorkerProcess): void {
    this.#ports.restoreQueues(worker.slot);
    this.#clients.joined(worker);
    worker.channel.tell(this.#welcomes.all());
    worker.channel.tell(this.#tokens.all(systemClock.wallMs()));
    worker.channel.tell(topologyNews(this.#servers.control.current));
  }

  #told(worker: WorkerProcess, told: ToldToSupervisor): void {
    if (isBudgetMessage(told)) {
      // Every message of the budget that comes this way is one from a worker.
      this.#estate.budgetHears(worker.number, told as BudgetFromWorker);
    } else if (told.kind === 'passed') {
      this.#estate.take(worker.passingEnd);
    } else if (told.kind === 'clients') {
      this.#clients.has(worker, told.clients);
    } else if (told.kind === 'positions') {
      this.#positions.asked(worker, told);
    } else if (told.kind === 'noticed') {
      this.#servers.control.noticed(told, told.what);
    } else if (told.kind === 'tokens') {
      this.#tokens.heard(told);
      this.#crew.tellAll(told);
    } else if (told.kind === 'welcomes') {
      const known = this.#welcomes.heard(told);
      if (known.length > 0) this.#crew.tellAll(this.#welcomes.news(known));
    }
  }

  #ended(worker: WorkerProcess): void {
    this.#view.departed(worker);
    void this.#operator.clientsGone((client) => isIdOfWorker(client, worker.number));
    this.#clients.gone(worker);
    this.#positions.workerGone(worker.number);
    this.#estate.take(worker.passingEnd);
    systemCalls().close(worker.passingEnd);
    this.#estate.workerGone(worker.number);
  }

  #answers(): Answers<AskedOfSupervisor> {
    return {
      ...commandAnswers(this.#commands()),
      cancel: (ask) => cancelAnywhere(this.#crew, this.#options.predecessor, ask),
    };
  }

  #commands(): ConsoleCommands {
    return {
      view: (parts) => this.#picture(parts),
      reload: () => this.#reloads.run(),
      set: (key, value) => this.#reloads.run([[key, value]]),
      order: (order) => this.#operator.carryOut(order),
      replaceWorkers: () => this.#crew.replaceAll(),
      // After the answer has gone out.
      shutDown: async (how) => void setImmediate(() => this.#shutDown(how)),
    };
  }

  async #picture(parts: readonly SnapshotPart[]): Promise<Picture> {
    const { averages } = this.#statsPeriods;
    const snapshot = await this.#view.snapshot(parts);
    const { holds } = this.#operator;
    this.#servers.account(snapshot.stats);
    const { serverCaps } = this.#budget;
    const configuration = this.#options.loaded();
    const ours = { serverCaps, secrets: this.#secrets.seen(), averages, holds, configuration };
    const { restarts: workerRestarts } = this.#crew;
    return { ...snapshot, ...this.#servers.seen(), ...ours, workerRestarts };
  }

  /** Reads the configuration again and has it applied everywhere, or nowhere. */
  async #apply(changes: Overrides | undefined): Promise<boolean> {
    const { log } = this.#options;
    const before = this.#config;
    const config = readAgain(this.#options, changes);
    if (config === undefined) return false;
    this.#config = config;
    this.#limitServers();
    this.#secrets.reconfigure();
    this.#servers.reconfigure();
    log.configure(config.log);
    this.#statsPeriods.restart(config);
    this.#view.configure(config);
    this.#http.reconfigure();
    this.#heartbeat.restart(config.workers.hangTimeoutMs);
    this.#welcomes.restart(this.#welcomes.generation + 1);
    const all = this.#configuration();
    await Promise.all([...this.#crew.living].map((worker) => configureWorker(worker, all, log)));
    this.#budget.limitsChanged();
    sayReloaded(log, before, config);
    return true;
  }

  /** Another process has taken over; `gone`: the last worker has ended. */
  #surrendered(gone: Promise<void>): void {
    clearInterval(this.#relief);
    // Nobody could take that back any more.
    void this.#operator.letGo();
    void this.#servers.retire();
    void this.#http.close();
    this.#statsPeriods.retire();
    void gone.then(() => this.#end());
  }

  /** Asked for a second time, whatever the first was: at once. */
  #shutDown(how: ShutdownKind): void {
    const { log, service } = this.#options;
    service.stopping();
    const closed = this.#crew.close();
    this.#ports.closePublic();
    if (how === 'now' || this.#shuttingDown) {
      log.info('immediate shutdown');
      this.#ports.close();
      for (const worker of this.#crew.living) worker.stop();
    } else {
      log.info(`shutting down: waiting until the ${how} are gone`);
      const until = how === 'clients' ? 'clients-left' : 'links-closed';
      void this.#operator.letGo();
      for (const worker of this.#crew.living) worker.drain(until);
      if (this.#config.pooler.peerId === 0) this.#ports.close();
    }
    if (!this.#shuttingDown && !this.#estate.isHandedOver) void closed.then(() => this.#end());
    this.#shuttingDown = true;
  }

  async #end(): Promise<void> {
    const watched = this.#servers.close();
    this.#statsPeriods.close();
    this.#heartbeat.stop();
    this.#clients.close();
    clearInterval(this.#relief);
    this.#ports.close();
    await this.#door.close();
    this.#options.predecessor?.close();
    await this.#links.close();
    await watched;
    await this.#http.close();
    this.#secrets.close();
    this.#exit(0);
  }
}

function ignore(): void {
  // The crew deals with workers that do not start.
}
