import { type Grammar, LocalLinkBudget, loadGrammar, type SnapshotPart } from '@pgweir/pooler';
import type { Picture } from './admin/show/item';
import type { Overrides } from './config/load';
import type { DaemonOptions } from './daemon-options';
import { openPorts } from './listen';
import { Operator } from './operator';
import { PoolerProcess } from './pooler-process';
import { portOpener } from './port-opener';
import { readAgain } from './reloading';
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
  readonly #process: PoolerProcess;
  readonly #statsPeriods: StatsPeriods;
  readonly #operator: Operator;
  readonly #startedAtMs = Date.now();
  /** Resolves with the exit code once everything has been closed. */
  readonly #stopped: Promise<number>;
  #exit: (code: number) => void = () => undefined;

  constructor(options: DaemonOptions, grammar: Grammar) {
    const { config, log, service } = options;
    this.#options = options;
    this.#stopped = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.#process = new PoolerProcess({
      config,
      log,
      budget: new LocalLinkBudget(),
      grammar,
      commands: {
        view: (parts) => this.#picture(parts),
        reload: async () => this.#reload(),
        set: async (key, value) => this.#reload([[key, value]]),
        order: (order) => this.#operator.carryOut(order),
        shutDown: async (how) => this.#shutDown(how),
        replaceWorkers: async () => 'there are no workers to replace (workers = 1)',
      },
    });
    const { pooler } = this.#process;
    this.#statsPeriods = new StatsPeriods({ view: pooler, log, service });
    this.#operator = new Operator({
      traffic: pooler.orders,
      view: pooler,
      settings: () => this.#process.config.pooler,
      stopping: () => pooler.draining,
    });
  }

  async run(): Promise<number> {
    const { config, givenSockets, log, onUp } = this.#options;
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
      await openPorts(portOpener(pooler, config.listen), {
        settings: config.listen,
        givenSockets,
        log,
      });
      this.#statsPeriods.restart(config);
      onUp(upMessage());
      return await this.#stopped;
    } catch (error) {
      await pooler.stop();
      throw error;
    } finally {
      releaseSignals();
    }
  }

  /** This process is the only one that carries traffic. */
  async #picture(parts: readonly SnapshotPart[]): Promise<Picture> {
    const snapshot = await this.#process.snapshot(parts);
    const { averages } = this.#statsPeriods;
    const { state, clientsTotal: clients, linksTotal: links } = snapshot;
    const only = { slot: 0, number: 0, pid: process.pid, state, clients, links, restarts: 0 };
    const workers = [{ ...only, startedAtMs: this.#startedAtMs }];
    return { ...snapshot, averages, holds: this.#operator.holds, workers };
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

  #apply(changes: Overrides | undefined): boolean {
    const config = readAgain(this.#options, changes);
    if (config === undefined) return false;
    this.#process.configure(config);
    this.#statsPeriods.restart(config);
    this.#options.log.info('configuration reloaded');
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
    void this.#operator.letGo();
    void pooler.drain(how === 'clients' ? 'clients-left' : 'links-closed').then(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#statsPeriods.stop();
    await this.#process.pooler.stop();
    this.#exit(0);
  }
}
