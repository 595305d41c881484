import {
  type CredentialSource,
  createNodeTransport,
  LocalLinkBudget,
  Pooler,
  StoredSecretVerifier,
} from '@pgweir/pooler';
import { AdminConsole } from './admin/console';
import type { DaemonConfig } from './config/daemon-config';
import { formatFinding } from './config/finding';
import type { DaemonOptions } from './daemon-options';
import { openListeners } from './listen';
import { DnsResolver } from './runtime/dns-resolver';
import { systemClock } from './runtime/system-clock';
import { onSignals, type ShutdownKind } from './signals';
import { StatsLog } from './stats-log';
import { VERSION } from './version';

/**
 * The composition root: builds the pooler from its parts, opens the ports, and serves until told to
 * stop.
 *
 * @returns the exit code
 */
export function runDaemon(options: DaemonOptions): Promise<number> {
  return new Daemon(options).run();
}

class Daemon {
  #config: DaemonConfig;
  readonly #options: DaemonOptions;
  readonly #credentials: CredentialSource;
  readonly #pooler: Pooler;
  readonly #statsLog: StatsLog;
  /** Resolves with the exit code once everything has been closed. */
  readonly #stopped: Promise<number>;
  #exit: (code: number) => void = () => undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#credentials = { lookup: (user) => this.#config.credentials.lookup(user) };
    this.#stopped = new Promise((resolve) => {
      this.#exit = resolve;
    });
    this.#pooler = new Pooler({
      settings: options.config.pooler,
      credentials: this.#credentials,
      verifier: new StoredSecretVerifier(() => this.#credentials),
      transport: createNodeTransport(),
      resolver: new DnsResolver(systemClock, () => this.#config.dns),
      budget: new LocalLinkBudget(),
      clock: systemClock,
      log: options.log,
      virtualDatabases: [this.#console()],
    });
    this.#statsLog = new StatsLog(this.#pooler, options.log);
  }

  #console(): AdminConsole {
    return new AdminConsole({
      view: () => this.#pooler.snapshot(),
      mayAdmin: (user) => this.#config.adminUsers.includes(user),
      mayRead: (user) =>
        this.#config.statsUsers.includes(user) || this.#config.pooler.authType === 'any',
      reload: () => this.#reload(),
      shutDown: (how) => this.#shutDown(how),
      log: this.#options.log,
    });
  }

  async run(): Promise<number> {
    const { log, onUp } = this.#options;
    const releaseSignals = onSignals({
      reload: () => {
        log.reopen();
        this.#reload();
      },
      shutDown: (how) => this.#shutDown(how),
      log,
    });
    try {
      await openListeners(this.#pooler, this.#config.listen, log);
      this.#statsLog.restart(this.#config);
      log.info(`process up: pgweir ${VERSION}, Node.js ${process.version}`);
      onUp();
      return await this.#stopped;
    } catch (error) {
      await this.#pooler.stop();
      throw error;
    } finally {
      releaseSignals();
    }
  }

  /** Reads the configuration again and applies it as a whole or not at all. */
  #reload(): boolean {
    const { log } = this.#options;
    const result = this.#options.reload();
    for (const warning of result.warnings) log.warn(formatFinding(warning));
    if (result.kind === 'failed') {
      for (const problem of result.problems) log.error(formatFinding(problem));
      log.error('RELOAD failed: the old configuration stays in force');
      return false;
    }
    this.#config = result.config;
    log.configure(result.config.log);
    this.#pooler.reload(result.config.pooler, this.#credentials);
    this.#statsLog.restart(result.config);
    log.info('configuration reloaded');
    return true;
  }

  /** Asked for a second time, whatever the first was: at once. */
  #shutDown(how: ShutdownKind): void {
    const { log } = this.#options;
    if (how === 'now' || this.#pooler.draining) {
      log.info('immediate shutdown');
      void this.#stop();
      return;
    }
    log.info(`shutting down: waiting until the ${how} are gone`);
    void this.#pooler
      .drain(how === 'clients' ? 'clients-left' : 'links-closed')
      .then(() => this.#stop());
  }

  async #stop(): Promise<void> {
    this.#statsLog.stop();
    await this.#pooler.stop();
    this.#exit(0);
  }
}
