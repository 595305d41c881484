import { type DaemonSnapshot, type Grammar, LocalLinkBudget, loadGrammar } from '@pgweir/pooler';
import type { DaemonOptions } from './daemon-options';
import { openListeners } from './listen';
import { PoolerProcess } from './pooler-process';
import { readAgain } from './reloading';
import { onSignals, type ShutdownKind } from './signals';
import { StatsLog } from './stats-log';
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
  readonly #statsLog: StatsLog;
  readonly #startedAtMs = Date.now();
  /** Resolves with the exit code once everything has been closed. */
  readonly #stopped: Promise<number>;
  #exit: (code: number) => void = () => undefined;

  constructor(options: DaemonOptions, grammar: Grammar) {
    const { config, log } = options;
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
        view: () => this.#view(),
        reload: async () => this.#reload(),
        shutDown: async (how) => this.#shutDown(how),
        replaceWorkers: async () => 'there are no workers to replace (workers = 1)',
      },
    });
    this.#statsLog = new StatsLog(this.#process.pooler, log);
  }

  async run(): Promise<number> {
    const { config, log, onUp } = this.#options;
    const { pooler } = this.#process;
    const releaseSignals = onSignals({
      reload: () => {
        log.reopen();
        this.#reload();
      },
      shutDown: (how) => this.#shutDown(how),
      log,
    });
    try {
      await openListeners(
        (address, backlog) => pooler.listen(address, backlog),
        config.listen,
        log,
      );
      this.#statsLog.restart(config);
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
  async #view(): Promise<DaemonSnapshot> {
    const snapshot = await this.#process.pooler.snapshot();
    const { state, clientsTotal: clients, linksTotal: links } = snapshot;
    const only = { slot: 0, number: 0, pid: process.pid, state, clients, links, restarts: 0 };
    return { ...snapshot, workers: [{ ...only, startedAtMs: this.#startedAtMs }] };
  }

  /** Reads the configuration again and applies it as a whole or not at all. */
  #reload(): boolean {
    const config = readAgain(this.#options);
    if (config === undefined) return false;
    this.#process.configure(config);
    this.#statsLog.restart(config);
    this.#options.log.info('configuration reloaded');
    return true;
  }

  /** Asked for a second time, whatever the first was: at once. */
  #shutDown(how: ShutdownKind): void {
    const { log } = this.#options;
    const { pooler } = this.#process;
    if (how === 'now' || pooler.draining) {
      log.info('immediate shutdown');
      void this.#stop();
      return;
    }
    log.info(`shutting down: waiting until the ${how} are gone`);
    void pooler.drain(how === 'clients' ? 'clients-left' : 'links-closed').then(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#statsLog.stop();
    await this.#process.pooler.stop();
    this.#exit(0);
  }
}
