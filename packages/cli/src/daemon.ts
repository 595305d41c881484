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
import { onSignals } from './signals';
import { StatsLog } from './stats-log';
import { VERSION } from './version';

/**
 * The composition root: builds the pooler from its parts, opens the ports, and serves until told to
 * stop.
 *
 * @returns the exit code
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  const { log } = options;
  let config: DaemonConfig = options.config;
  const credentials: CredentialSource = { lookup: (user) => config.credentials.lookup(user) };
  const reload = (): boolean => {
    const result = options.reload();
    for (const warning of result.warnings) log.warn(formatFinding(warning));
    if (result.kind === 'failed') {
      for (const problem of result.problems) log.error(formatFinding(problem));
      log.error('RELOAD failed: the old configuration stays in force');
      return false;
    }
    config = result.config;
    log.configure(config.log);
    pooler.reload(config.pooler, credentials);
    statsLog.restart(config);
    log.info('configuration reloaded');
    return true;
  };
  const console = new AdminConsole({
    view: () => pooler.snapshot(),
    mayAdmin: (user) => config.adminUsers.includes(user),
    mayRead: (user) => config.statsUsers.includes(user) || config.pooler.authType === 'any',
    reload,
    shutDown: (how) => shutDown(how),
    log,
  });
  const pooler = new Pooler({
    settings: config.pooler,
    credentials,
    verifier: new StoredSecretVerifier(() => credentials),
    transport: createNodeTransport(),
    resolver: new DnsResolver(systemClock, () => config.dns),
    budget: new LocalLinkBudget(),
    clock: systemClock,
    log,
    virtualDatabases: [console],
  });
  const statsLog = new StatsLog(pooler, log);
  const exit = deferred<number>();
  const stop = async (): Promise<void> => {
    statsLog.stop();
    await pooler.stop();
    exit.resolve(0);
  };
  const shutDown = (how: 'clients' | 'servers' | 'now'): void => {
    if (how === 'now' || pooler.draining) {
      log.info('immediate shutdown');
      void stop();
      return;
    }
    log.info(`shutting down: waiting until the ${how} are gone`);
    void pooler.drain(how === 'clients' ? 'clients-left' : 'links-closed').then(stop);
  };
  const releaseSignals = onSignals({
    reload: () => {
      log.reopen();
      reload();
    },
    shutDown,
    log,
  });
  try {
    await openListeners(pooler, config.listen, log);
  } catch (error) {
    releaseSignals();
    await pooler.stop();
    throw error;
  }
  statsLog.restart(config);
  log.info(`process up: pgweir ${VERSION}, Node.js ${process.version}`);
  options.onUp();
  const code = await exit.promise;
  releaseSignals();
  return code;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
