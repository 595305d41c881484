import {
  createTransport,
  type Grammar,
  loadGrammar,
  type SnapshotPart,
  serverShares,
} from '@pgweir/pooler';
import type { ConsoleCommands } from './admin/commands';
import type { Picture } from './admin/show/item';
import type { DaemonConfig } from './config/daemon-config';
import type { Overrides } from './config/load';
import type { DaemonOptions } from './daemon-options';
import { ServerWatch } from './health/server-watch';
import { HttpDoor } from './http/http-door';
import { openPorts } from './listen';
import { Operator } from './operator';
import { OwnPorts } from './own-ports';
import { NO_SLOT, PoolerProcess } from './pooler-process';
import { readAgain, sayReloaded } from './reloading';
import { doorPath, RestartDoor } from './restart/door';
import { FirstBudget, type ProcessBudget, SuccessorBudget } from './restart/process-budget';
import { type Estate, RETIRING, STILL_CLIENTS } from './restart/successor';
import { systemClock } from './runtime/system-clock';
import { Secrets } from './secrets/secrets';
import { secretStores } from './secrets/stores';
import { onSignals, type ShutdownKind } from './signals';
import { StatsPeriods } from './stats-periods';
import { upMessage } from './version';
import { Supervisor } from './workers/supervisor';

/**
 * Opens the ports and serves until told to stop: by itself, or with workers that it supervises.
 *
 * @returns the exit code
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  if (options.config.workers.count > 1) return await new Supervisor(options).run();
  return await new Daemon(options, await loadGrammar()).run();
}

/** A daemon of one process. */
class Daemon {
  readonly #options: DaemonOptions;
  readonly #budget: ProcessBudget;
  readonly #process: PoolerProcess;
  readonly #secrets: Secrets;
  readonly #servers: ServerWatch;
  readonly #ports: OwnPorts;
  /** Where another process may ask to take over. */
  readonly #door: RestartDoor;
  readonly #statsPeriods: StatsPeriods;
  readonly #operator: Operator;
  readonly #http: HttpDoor;
  readonly #startedAtMs = Date.now();
  /** Resolves with the exit code once everything has been closed. */
  readonly #stopped: Promise<number>;
  #exit: (code: number) => void = () => undefined;
  /** Another process serves. */
  #retiring = false;

  constructor(options: DaemonOptions, grammar: Grammar) {
    const { config, log, predecessor, service } = options;
    this.#options = options;
    this.#stopped = new Promise((resolve) => {
      this.#exit = resolve;
    });
    const transport = createTransport();
    const settings = () => this.#process.config.pooler;
    const means = () => ({ transport, settings: settings(), clock: systemClock, log });
    this.#budget =
      predecessor === undefined
        ? new FirstBudget()
        : new SuccessorBudget({ predecessor, settings, means, log });
    this.#secrets = new Secrets({
      config: () => this.#process?.config ?? config,
      storeOf: secretStores(systemClock),
      ...{ clock: systemClock, log },
    });
    this.#servers = new ServerWatch({
      config: () => this.#process?.config ?? config,
      passwords: this.#secrets.serverPasswords,
      budget: this.#budget.own,
      log,
      countLeases: (of) => this.#process.pooler.orders.countLeases(of),
      switchoverObstacle: () => {
        if (this.#retiring) return RETIRING;
        return predecessor?.isThere === true ? STILL_CLIENTS : undefined;
      },
    });
    // Before the pooler hears of servers it must be known how many links they may have.
    this.#limitServers(config);
    this.#servers.control.subscribe(() => this.#limitServers(this.#process.config));
    const commands = this.#commands();
    this.#process = new PoolerProcess({
      config,
      log,
      budget: this.#budget.own,
      grammar,
      secrets: this.#secrets,
      place: { role: 'daemon' },
      ...{ topology: this.#servers.control, positions: this.#servers.control.positions },
      adapt: (all) => (this.#retiring ? { ...all, workerSlot: NO_SLOT } : all),
      ...(predecessor === undefined
        ? {}
        : {
            cancelBefore: (identity, answer) => void predecessor.cancel(identity).then(answer),
          }),
      commands,
    });
    const { pooler } = this.#process;
    this.#ports = new OwnPorts(pooler, config.listen);
    this.#door = new RestartDoor({ transport, log, estate: this.#estate() });
    this.#statsPeriods = new StatsPeriods({
      ...{ view: pooler, log, service, topology: this.#servers.control },
      serverCaps: () => this.#budget.serverCaps,
    });
    this.#operator = new Operator({
      traffic: pooler.orders,
      view: pooler,
      settings,
      stopping: () => pooler.draining,
      servers: this.#servers,
    });
    this.#http = this.#httpDoor(commands);
  }

  #httpDoor(commands: ConsoleCommands): HttpDoor {
    const { log, predecessor } = this.#options;
    return new HttpDoor({
      ...{ commands, log, config: () => this.#process.config },
      holds: () => this.#operator.holds,
      isCarried: () => true,
      stopping: () => this.#process.pooler.draining,
      takesOver: predecessor !== undefined,
    });
  }

  #commands(): ConsoleCommands {
    return {
      view: (parts) => this.#picture(parts),
      reload: async () => this.#reload(),
      set: async (key, value) => this.#reload([[key, value]]),
      order: (order) => this.#operator.carryOut(order),
      shutDown: async (how) => this.#shutDown(how),
      replaceWorkers: async () => 'there are no workers to replace (workers = 1)',
    };
  }

  async run(): Promise<number> {
    const { config, givenSockets, log, onUp, predecessor } = this.#options;
    const { pooler } = this.#process;
    const releaseSignals = onSignals({
      reload: () => {
        log.reopen();
        this.#reload();
      },
      shutDown: (how) => this.#shutDown(how),
      order: (order) => this.#operator.carryOut(order),
      stopping: () => pooler.draining,
      log,
    });
    try {
      await this.#http.open();
      await Promise.race([this.#secrets.ready(), this.#stopped]);
      if (pooler.draining) return await this.#stopped;
      const inherited = (await predecessor?.ports()) ?? [];
      await openPorts(this.#ports.open, {
        settings: config.listen,
        givenSockets,
        inherited,
        log,
      });
      await this.#budget.begin();
      this.#ports.own();
      await this.#door.open(doorPath(config.listen));
      this.#statsPeriods.restart(config);
      this.#http.up();
      onUp(upMessage());
      return await this.#stopped;
    } catch (error) {
      // What a predecessor has not handed over is in its hands still.
      if (predecessor === undefined) this.#ports.close();
      else this.#ports.letGo();
      await this.#close();
      throw error;
    } finally {
      releaseSignals();
    }
  }

  #estate(): Estate {
    const { log } = this.#options;
    const budget = this.#budget;
    const { pooler } = this.#process;
    return {
      obstacle: () => {
        if (pooler.draining) return 'the running process is shutting down';
        if (this.#options.predecessor?.isThere === true) return STILL_CLIENTS;
        return this.#servers.underWay;
      },
      ports: () => this.#ports.all(),
      surrender: (successor) => {
        budget.surrender(successor);
        this.#ports.letGo();
        this.#retiring = true;
        void this.#http.close();
        this.#process.configure(this.#process.config);
        // Nobody could take that back any more.
        void this.#operator.letGo();
        void this.#servers.retire();
        this.#statsPeriods.retire();
        const limitMs = this.#process.config.workers.drainTimeoutMs;
        if (limitMs > 0)
          setTimeout(() => void this.#stop(), Math.min(limitMs, 2 ** 31 - 1)).unref();
        void pooler.retire().then(() => this.#stop());
      },
      budgetSays: (worker, message) => budget.budgetSays(worker, message),
      cancel: (identity) => new Promise((resolve) => pooler.cancelFromElsewhere(identity, resolve)),
      orphaned: () => {
        log.error('the process that has taken over is gone');
        if (!pooler.draining) this.#shutDown('servers');
      },
    };
  }

  /** This process is the only one that carries traffic. */
  async #picture(parts: readonly SnapshotPart[]): Promise<Picture> {
    const snapshot = await this.#process.snapshot(parts);
    const { averages } = this.#statsPeriods;
    const { state, clientsTotal: clients, linksTotal: links } = snapshot;
    const only = { slot: 0, number: 0, pid: process.pid, state, clients, links, restarts: 0 };
    const workers = [{ ...only, startedAtMs: this.#startedAtMs }];
    const { holds } = this.#operator;
    this.#servers.account(snapshot.stats);
    const { serverCaps } = this.#budget;
    const configuration = this.#options.loaded();
    const ours = { serverCaps, secrets: this.#secrets.seen(), configuration, workerRestarts: 0 };
    return { ...snapshot, ...this.#servers.seen(), ...ours, averages, holds, workers };
  }

  /** Reads the configuration again and applies it as a whole or not at all. */
  #reload(changes?: Overrides): boolean {
    const { service } = this.#options;
    if (changes === undefined) service.reloading();
    try {
      return this.#apply(changes);
    } finally {
      service.reloaded();
    }
  }

  #limitServers({ pooler }: DaemonConfig): void {
    this.#budget.limitServers(serverShares(pooler, this.#servers.control.current));
  }

  #apply(changes: Overrides | undefined): boolean {
    const before = this.#process.config;
    const config = readAgain(this.#options, changes);
    if (config === undefined) return false;
    this.#limitServers(config);
    this.#process.configure(config);
    this.#servers.reconfigure();
    this.#budget.limitsChanged();
    this.#statsPeriods.restart(config);
    this.#http.reconfigure();
    sayReloaded(this.#options.log, before, config);
    return true;
  }

  /** Asked for a second time, whatever the first was: at once. */
  #shutDown(how: ShutdownKind): void {
    const { log, service } = this.#options;
    const { pooler } = this.#process;
    service.stopping();
    if (how === 'now' || pooler.draining) {
      log.info('immediate shutdown');
      void this.#stop();
      return;
    }
    log.info(`shutting down: waiting until the ${how} are gone`);
    this.#ports.closePublic();
    if (this.#process.config.pooler.peerId === 0) this.#ports.close();
    void this.#operator.letGo();
    void pooler.drain(how === 'clients' ? 'clients-left' : 'links-closed').then(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#statsPeriods.close();
    this.#ports.close();
    await this.#close();
    this.#exit(0);
  }

  async #close(): Promise<void> {
    const watched = this.#servers.close();
    await this.#process.stop();
    await watched;
    await this.#http.close();
    this.#secrets.close();
    await this.#door.close();
    this.#options.predecessor?.close();
    await this.#budget.close();
  }
}
