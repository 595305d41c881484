import type { Logger } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { Findings } from '../config/finding';
import { readIniFile } from '../config/ini-file';
import { loadConfig } from '../config/load';
import { FileRecorder } from '../config/recorded-files';
import { DnsResolver } from '../runtime/dns-resolver';
import { systemClock } from '../runtime/system-clock';
import { Secrets } from '../secrets/secrets';
import { secretStores } from '../secrets/stores';
import type { DoctorOptions } from '../tools/doctor';
import { checkCaps, checkRoleLimits } from './cap-checks';
import { checkCertificateText } from './certificates';
import { checkClocks, checkEntryServers, seenServers } from './cluster-checks';
import { byServer, type Examined, examineServer } from './examine';
import { checkFiles } from './file-checks';
import { type Diagnosis, fine, found } from './findings';
import { checkHost, hostFacts } from './host-checks';
import { checkListening } from './listen-checks';
import { checkName } from './name-checks';
import { exitCode, jsonReport, textReport } from './report';
import { checkServer } from './server-checks';
import { checkServices } from './service-checks';
import { checkSettings } from './settings-checks';
import { inTurns } from './turns';
import { type Visit, visitsOf } from './visits';

/** Servers and names that are asked at a time. */
const AT_A_TIME = 8;

/** Looks at everything, prints what it has found. @returns the status to exit with */
export async function doctor(
  options: DoctorOptions,
  cwd: string,
  stdout: { write(text: string): unknown },
): Promise<number> {
  const diagnoses = await examine(options, cwd);
  stdout.write(options.json ? jsonReport(diagnoses) : textReport(diagnoses));
  return exitCode(diagnoses);
}

async function examine(options: DoctorOptions, cwd: string): Promise<readonly Diagnosis[]> {
  const { configPath } = options;
  const recorder = new FileRecorder();
  const result = loadConfig(configPath, { cwd, readFile: recorder.readFile });
  const toldAs =
    (name: 'config-problem' | 'config-warning') =>
    (finding: {
      readonly file: string;
      readonly line: number;
      readonly message: string;
    }): Diagnosis =>
      found(name, `${finding.file}:${finding.line}`, finding.message);
  const warnings = result.warnings.map(toldAs('config-warning'));
  if (result.kind === 'failed')
    return [...result.problems.map(toldAs('config-problem')), ...warnings];
  const config = result.config;
  const host = hostFacts();
  // Variables are in no file: what they say is left out.
  const { entries } = readIniFile(configPath, { cwd, readFile: recorder.readFile }, new Findings());
  const instances = options.instances ?? Math.max(1, config.pooler.peers.size);
  const first = [
    fine(
      'config',
      configPath,
      `can be used, ${result.notes.length} notes on what differs (--check)`,
    ),
    ...warnings,
    ...checkSettings(config),
    ...checkHost(config, host),
    ...checkFiles(config, cwd, entries),
    ...ownCertificates(config),
  ];
  const before = Date.now() + options.timeoutMs;
  const asked = await withinTime(options.timeoutMs, [
    { subject: 'ports', work: checkListening(config, host) },
    ...outside(config, instances, before),
  ]);
  return [...first, ...asked];
}

interface Work {
  readonly subject: string;
  readonly work: Promise<readonly Diagnosis[]>;
}

/** Everything that goes over a network. */
function outside(config: DaemonConfig, instances: number, endMs: number): readonly Work[] {
  const clock = systemClock;
  const resolver = new DnsResolver(clock, () => config.dns);
  const storeOf = secretStores(clock);
  const secrets = new Secrets({ config: () => config, clock, log: SILENT, storeOf });
  const visits = visitsOf(config);
  const hosts = [...new Set(visits.map(({ address }) => address.host))];
  const means = { config, passwords: secrets.serverPasswords, clock, resolver };
  const servers = inTurns(byServer(visits), AT_A_TIME, async (group) => {
    const left = endMs - Date.now();
    const late = group.map((visit) => unexamined(visit));
    return await within(left - REPORT_MS, examineServer(group, means), late);
  });
  return [
    {
      subject: 'names',
      work: inTurns(hosts, AT_A_TIME, (one) => checkName(one, resolver)).then(all),
    },
    { subject: 'servers', work: servers.then((seen) => judge(seen.flat(), config, instances)) },
    ...checkServices(config, secrets, clock).map((work) => ({ subject: 'services', work })),
  ];
}

/** What is left of the time for the report when the slowest server is given up. */
const REPORT_MS = 500;

function unexamined({ name, entry, address }: Visit): Examined {
  const reach = { kind: 'unreachable', reason: 'not examined in time' } as const;
  return { name, entry, address, reach, logins: [] };
}

/** What comes first: the work, or `late` after that time. */
async function within<T>(limitMs: number, work: Promise<T>, late: T): Promise<T> {
  let cancel: () => void = () => undefined;
  const timeout = new Promise<T>((resolve) => {
    cancel = systemClock.after(Math.max(0, limitMs), () => resolve(late));
  });
  return await Promise.race([work, timeout]).finally(() => cancel());
}

function all(diagnoses: readonly (Diagnosis | undefined)[]): readonly Diagnosis[] {
  return diagnoses.filter((one) => one !== undefined);
}

/** Everything that is said of servers once they have been seen. */
function judge(
  examined: readonly Examined[],
  config: DaemonConfig,
  instances: number,
): readonly Diagnosis[] {
  const nowMs = Date.now();
  const entries = new Set(examined.map(({ name }) => name));
  const ofServers = examined.flatMap((one) => checkServer(one, config, nowMs));
  return once([
    ...ofServers,
    ...[...entries].flatMap((entry) =>
      checkEntryServers(
        examined.filter(({ name }) => name === entry),
        config,
      ),
    ),
    ...checkCaps(examined, config, instances),
    ...checkRoleLimits(examined, config, instances),
    ...checkClocks(seenServers(examined)),
  ]);
}

/** Several entries may say the same of one server. */
function once(diagnoses: readonly Diagnosis[]): readonly Diagnosis[] {
  const seen = new Set<string>();
  return diagnoses.filter(({ name, subject, message, verdict }) => {
    const key =
      verdict === 'ok' && name !== 'login' ? `${name} ${subject}` : `${name} ${subject} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Waits for all of it together, and says what did not come. */
async function withinTime(limitMs: number, works: readonly Work[]): Promise<readonly Diagnosis[]> {
  const results = await Promise.all(
    works.map(({ subject, work }) => {
      const late = [found('not-examined', subject, `not within ${limitMs / 1000} s`)];
      return within(limitMs, work, late);
    }),
  );
  return results.flat();
}

function ownCertificates({ pooler }: DaemonConfig): readonly Diagnosis[] {
  const nowMs = Date.now();
  return [
    ...checkCertificateText('client_tls_cert_file', pooler.clientTls?.cert, nowMs),
    ...checkCertificateText('server_tls_cert_file', pooler.serverTls.options?.cert, nowMs),
    ...[...pooler.databases].flatMap(([name, { serverTls }]) =>
      checkCertificateText(
        `server_tls_cert_file of database ${name}`,
        serverTls?.options?.cert,
        nowMs,
      ),
    ),
  ];
}

/** What secrets have to say is in the report. */
const SILENT: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};
