import path from 'node:path';
import { createTransport } from '@pgweir/pooler';
import type { RunOptions } from './command-line';
import type { DaemonConfig, LoadResult } from './config/daemon-config';
import { formatFinding } from './config/finding';
import { type LoadOptions, loadConfig, type Overrides } from './config/load';
import { FileRecorder } from './config/recorded-files';
import type { DaemonOptions, LoadView, LogFlags } from './daemon-options';
import { createLogger, type DaemonLogger, loggerOptions } from './log/logger';
import { changeUser } from './process/change-user';
import { daemonize, type WaitingParent, waitingParent } from './process/daemonize';
import { claimPidfile, preparePidfile, removePidfile, writePidfile } from './process/pidfile';
import { doorPath } from './restart/door';
import { Predecessor } from './restart/predecessor';
import { takeGivenSockets } from './service/given-sockets';
import type { ServiceEnvironment } from './service/service-environment';
import { ServiceManager } from './service/service-manager';
import { reasonOf, stackOf } from './system-error';

export interface StartOptions {
  readonly run: RunOptions;
  readonly cwd: string;
  /** Program and arguments that start this program again, up to its own arguments. */
  readonly self: readonly [string, ...string[]];
  readonly stderr: (text: string) => void;
  /** Of the service manager that started this process, taken out of the environment. */
  readonly service: ServiceEnvironment;
  readonly runDaemon: (options: DaemonOptions) => Promise<number>;
}

const DAEMON_START_MS = 60_000;

/** Loads the configuration and runs the daemon, here or in the background. @returns the exit code */
export async function start(options: StartOptions): Promise<number> {
  const { run, cwd } = options;
  const parent = waitingParent();
  const complain = (message: string): number => {
    const line = `pgweir: ${message}`;
    options.stderr(`${line}\n`);
    parent?.say(line);
    return 1;
  };
  const recorder = new FileRecorder();
  const result = loadConfig(run.configPath, { cwd, readFile: recorder.readFile });
  if (result.kind === 'failed') {
    for (const problem of result.problems.map(formatFinding)) {
      options.stderr(`${problem}\n`);
      parent?.say(problem);
    }
    return complain(`cannot load config file ${run.configPath}`);
  }
  const { config } = result;
  if (run.daemon) {
    if (config.pidfile === undefined) return complain('daemon needs pidfile configured');
    if (config.log.file === undefined) {
      options.stderr('pgweir: without logfile nothing is logged in the background\n');
    }
    if (options.service.socketCount > 0) {
      options.stderr(
        'pgweir: sockets passed from service manager are not used in the background\n',
      );
    }
    return startInBackground(options, complain);
  }
  const user = run.user ?? config.user;
  if (user !== undefined) {
    const changed = changeUser(user);
    if (changed.kind === 'failed') return complain(changed.why);
  }
  const pidfile = config.pidfile === undefined ? undefined : path.resolve(cwd, config.pidfile);
  let predecessor: Predecessor | undefined;
  let freshPidfile: Serving['freshPidfile'];
  try {
    if (run.restart) predecessor = await findPredecessor(config);
  } catch (error) {
    return complain(`cannot take over: ${reasonOf(error)}`);
  }
  try {
    if (pidfile !== undefined && predecessor === undefined) {
      const refusal = claimPidfile(pidfile);
      if (refusal !== undefined) return complain(refusal);
    } else if (pidfile !== undefined && predecessor !== undefined) {
      const prepared = preparePidfile(pidfile, predecessor.pid);
      if ('refusal' in prepared) return complain(prepared.refusal);
      freshPidfile = prepared;
    }
  } catch (error) {
    return complain(`cannot use pidfile '${pidfile}': ${reasonOf(error)}`);
  }
  let log: DaemonLogger;
  try {
    log = openLog(options, config, parent);
  } catch (error) {
    return complain(`cannot open logfile '${config.log.file}': ${reasonOf(error)}`);
  }
  if (run.restart && predecessor === undefined) {
    log.info('old process not found, try to continue normally');
  }
  return serve(options, { result, recorder, pidfile, freshPidfile, parent, log, predecessor });
}

/** Undefined: nobody is there. */
async function findPredecessor({ listen }: DaemonConfig): Promise<Predecessor | undefined> {
  const path = doorPath(listen);
  if (path === undefined) throw new Error('-R needs unix_socket_dir');
  return await Predecessor.at(path, createTransport());
}

interface Serving {
  readonly result: Extract<LoadResult, { readonly kind: 'ok' }>;
  readonly recorder: FileRecorder;
  readonly pidfile: string | undefined;
  readonly parent: WaitingParent | undefined;
  readonly log: DaemonLogger;
  readonly predecessor: Predecessor | undefined;
  /** In place of that of the predecessor. */
  readonly freshPidfile: { readonly replace: () => void; readonly discard: () => void } | undefined;
}

async function serve(options: StartOptions, serving: Serving): Promise<number> {
  const { run, cwd } = options;
  const { result, pidfile, freshPidfile, parent, log, predecessor } = serving;
  for (const warning of result.warnings) log.warn(formatFinding(warning));
  if (process.getuid?.() === 0) log.warn('running as root: better set user= or use -u');
  let latest = result.config;
  let files = serving.recorder.files;
  let overrides: Overrides = [];
  let loaded: LoadView = { atMs: Date.now(), isOld: false };
  const service = new ServiceManager(options.service, log);
  const cleanUp = (): void => removeQuietly(pidfile, log);
  const crash = (error: unknown): void => {
    log.error('internal error, stopping', { stack: stackOf(error) });
    process.exit(1);
  };
  process.on('uncaughtException', crash);
  try {
    return await options.runDaemon({
      config: result.config,
      configPath: run.configPath,
      cwd,
      self: options.self,
      logFlags: logFlags(options, parent),
      filesRead: () => files,
      overrides: () => overrides,
      loaded: () => loaded,
      reload: (changes = []) => {
        const fresh = new FileRecorder(changes.length === 0 ? [] : files);
        const all = changed(overrides, changes);
        const again = loadAgain(run.configPath, log, {
          cwd,
          readFile: fresh.readFile,
          overrides: all,
          running: latest,
        });
        loaded = { atMs: loaded.atMs, isOld: again.kind === 'failed' };
        if (again.kind === 'ok') {
          loaded = { atMs: Date.now(), isOld: false };
          latest = again.config;
          files = fresh.files;
          overrides = all;
        }
        return again;
      },
      log,
      givenSockets: takeGivenSockets(options.service.socketCount),
      predecessor,
      service,
      onUp(message) {
        if (freshPidfile !== undefined) replaceQuietly(freshPidfile, log);
        else if (pidfile !== undefined) writePidfile(pidfile);
        // The way out need not lead through here: an immediate shutdown ends the process at once.
        process.once('exit', cleanUp);
        log.info(message);
        parent?.up();
        service.ready();
      },
    });
  } catch (error) {
    log.error(`cannot go on: ${reasonOf(error)}`, { stack: stackOf(error) });
    return 1;
  } finally {
    process.removeListener('uncaughtException', crash);
    process.removeListener('exit', cleanUp);
    freshPidfile?.discard();
    cleanUp();
    service.close();
    log.close();
  }
}

/**
 * Never throws: whatever is in the files, and whatever we have overlooked in reading them, clients are
 * being served with what was there before.
 */
function loadAgain(file: string, log: DaemonLogger, options: LoadOptions): LoadResult {
  try {
    return loadConfig(file, options);
  } catch (error) {
    log.error('internal error while the configuration was read', { stack: stackOf(error) });
    const message = 'it cannot be read: an internal error, which the log has';
    const problem = { severity: 'problem', file, line: 0, message } as const;
    return { kind: 'failed', problems: [problem], warnings: [], notes: [] };
  }
}

/** A reload takes back what SET has changed, and reads everything again; SET only what it names. */
function changed(overrides: Overrides, changes: Overrides): Overrides {
  if (changes.length === 0) return [];
  const names = new Set(changes.map(([name]) => name));
  return [...overrides.filter(([name]) => !names.has(name)), ...changes];
}

function logFlags({ run }: StartOptions, parent: WaitingParent | undefined): LogFlags {
  // In the background there is nobody behind stderr.
  return { stderr: !run.quiet && parent === undefined, verbose: run.verbose };
}

function openLog(
  options: StartOptions,
  config: DaemonConfig,
  parent: WaitingParent | undefined,
): DaemonLogger {
  return createLogger({
    ...loggerOptions(config, logFlags(options, parent), options.cwd),
    observe: (level, line) => {
      if (level === 'error') parent?.say(line);
    },
  });
}

async function startInBackground(
  { run, self, stderr }: StartOptions,
  complain: (message: string) => number,
): Promise<number> {
  const flags = [
    ...(run.quiet ? ['-q'] : []),
    ...Array.from({ length: run.verbose }, () => '-v'),
    ...(run.user === undefined ? [] : ['-u', run.user]),
    ...(run.restart ? ['-R'] : []),
  ];
  const started = await daemonize({
    command: [...self, ...flags, '--', run.configPath],
    say: (line) => stderr(`${line}\n`),
    deadlineMs: DAEMON_START_MS,
  });
  return started.kind === 'up' ? 0 : complain(started.why);
}

function removeQuietly(pidfile: string | undefined, log: DaemonLogger): void {
  if (pidfile === undefined) return;
  try {
    removePidfile(pidfile);
  } catch (error) {
    log.warn('cannot remove the pidfile', { reason: reasonOf(error) });
  }
}

/** Others are served by now: the file is not worth an end. */
function replaceQuietly({ replace }: { readonly replace: () => void }, log: DaemonLogger): void {
  try {
    replace();
  } catch (error) {
    log.error('cannot put the pidfile in its place', { reason: reasonOf(error) });
  }
}
