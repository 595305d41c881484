import { readFileSync } from 'node:fs';
import { type Accounts, systemAccounts } from '../process/accounts';
import { peerProblem } from '../system-calls';
import { asksForCertificates, readAccessRules, readDirectory } from './access/access-settings';
import { othersVouch, warnOfClearPasswords } from './access/directory-checks';
import { readIam, warnOfUnusedIam } from './access/iam-settings';
import { isSameSetting } from './aliases';
import { assemble, type Parts } from './assemble';
import { checkGlobals } from './checks';
import type { DaemonConfig, LoadResult } from './daemon-config';
import { readDatabases, readUsers } from './databases';
import { EnvironmentFiles } from './environment/environment';
import type { Environment } from './environment/variables';
import { Findings, type Place, quoted } from './finding';
import type { IniEntry } from './ini-assignment';
import { type IniFile, readIniFile } from './ini-file';
import { mockSecret } from './mock-secret';
import { noteDifferences } from './moving-in';
import { suggestion } from './nearest-name';
import { readPeers } from './peers';
import { type ReadValues, readValues, withDefaults } from './read-values';
import { checkServerAuth, passesRdsTokens } from './server-auth';
import { readSettingFile } from './setting-file';
import { GLOBAL_SETTINGS, type GlobalValues, SETTINGS } from './settings';
import type { SettingTable } from './settings/row';
import { readClientSide, readServerSide } from './tls-files';
import { NO_CREDENTIALS, readUserlist } from './userlist';

export interface LoadOptions {
  /** Relative paths start here. */
  readonly cwd: string;
  /** The text of a file. @throws the system's error with `code` */
  readonly readFile?: (file: string) => string;
  /** Absent: ours. */
  readonly environment?: Environment;
  readonly accounts?: Accounts;
  /** What SET has changed on the console: as if it stood at the end of `[pgbouncer]`. */
  readonly overrides?: Overrides;
  /** Why nobody can tell who is at the other end of a Unix socket; undefined: it can be told. */
  readonly peerProblem?: () => string | undefined;
  /** As `AWS_ENDPOINT_URL_STS` has it; absent: that of our environment. */
  readonly stsEndpoint?: string;
  /** What runs now: settings that cannot change while it runs keep their values, with a warning. */
  readonly running?: DaemonConfig;
}

/** Values of global settings by name, as a file would have them. */
export type Overrides = readonly (readonly [name: string, value: string])[];

/**
 * Reads a configuration and every file that it names. Changes nothing, wherever it fails: the result is
 * a whole configuration, or every problem at once.
 */
export function loadConfig(file: string, options: LoadOptions): LoadResult {
  const findings = new Findings();
  const { access, ini } = readFiles(file, options, findings);
  if (ini.sections.length === 0 && findings.of('problem').length > 0) return failed(findings);
  checkSections(ini, findings);
  const of = (section: string): readonly IniEntry[] =>
    ini.entries.filter((entry) => entry.section === section);

  const read = readGlobals(of('pgbouncer'), options.overrides ?? [], findings);
  const place = (name: keyof GlobalValues): Place => read.places.get(name) ?? { file, line: 0 };
  const given = withDefaults(GLOBAL_SETTINGS, read.values);
  const fresh = { ...given, conffile: given.conffile === '' ? file : given.conffile };
  const values = keepFixed(fresh, options.running, (name, message) => {
    findings.warning(place(name), message);
  });

  const tools = { access, findings, place };
  const databases = readDatabases(of('databases'), values, findings, (own, entry) =>
    readClientSide({ ...values, ...own }, { ...tools, place: () => entry }),
  );
  const users = readUsers(of('users'), findings);
  const passesTokens = passesRdsTokens(values, databases, users);
  const context = { ...tools, passesTokens, stsEndpoint: options.stsEndpoint };
  const peers = readPeers(of('peers'), { values, place, findings });
  const accounts = options.accounts ?? systemAccounts;
  const accessRules = readAccessRules(values, {
    ...context,
    peerProblem: options.peerProblem ?? peerProblem,
  });
  const directory = readDirectory(values, context);
  const iam = readIam(values, context);
  warnOfUnusedIam(values, accessRules, context);
  const unixSocketGid = checkGlobals({
    ...{ values, place, findings, accounts, databases, users, file },
    othersVouch: othersVouch(values, accessRules),
  });
  warnOfClearPasswords(values, accessRules, context);

  const authText = readSettingFile('auth_file', values, context);
  const credentials =
    authText === undefined ? NO_CREDENTIALS : readUserlist(authText, values.auth_file, findings);
  const clientTls = readServerSide(values, {
    ...context,
    asksForCertificates: asksForCertificates(values, accessRules),
  });
  const serverTls = readClientSide(values, context);
  checkServerAuth({ values, databases, users, accessRules, serverTls }, { findings, place, of });
  const known = { authFile: authText ?? '', tlsKey: clientTls?.key ?? '' };
  const secret = readMockSecret(values, context, known);

  const assigned = (name: keyof GlobalValues) => read.places.get(name);
  const { entries } = ini;
  noteDifferences({ values, assigned, entries, databases, users, accessRules }, findings);
  if (findings.of('problem').length > 0) return failed(findings);
  const parts: Parts = {
    values,
    databases,
    users,
    credentials,
    peers,
    accessRules,
    directory,
    iam,
    ...{ unixSocketGid, clientTls, serverTls },
    mockSecret: secret,
  };
  const config = assemble(parts, options.running);
  return { kind: 'ok', config, warnings: findings.of('warning'), notes: findings.of('note') };
}

/** The file with all that it includes, or the environment. */
function readFiles(file: string, options: LoadOptions, findings: Findings) {
  const { cwd } = options;
  const environment = new EnvironmentFiles(options.environment ?? process.env, {
    ...{ cwd, readFile: options.readFile ?? readText, findings },
  });
  const access = { cwd, readFile: environment.readFile, environment: environment.read };
  const ini = readIniFile(file, access, findings);
  environment.warnIfUnread(file);
  return { access, ini };
}

/** What `[pgbouncer]` says, and SET behind it. */
function readGlobals(
  entries: readonly IniEntry[],
  overrides: Overrides,
  findings: Findings,
): ReadValues<typeof GLOBAL_SETTINGS> {
  const table: SettingTable = GLOBAL_SETTINGS;
  const inFiles = entries.map((entry) => ({ ...entry, name: entry.key, text: entry.value }));
  const set = overrides.map(([name, text]) => ({ file: 'SET', line: 0, name, text }));
  // What SET has changed under one name does not have to agree with what was there under another.
  const isReplaced = ({ name }: { readonly name: string }, by: typeof set) =>
    by.some((later) => later.name !== name && isSameSetting(table, later.name, name));
  const assignments = [
    ...inFiles.filter((one) => !isReplaced(one, set)),
    ...set.filter((one, index) => !isReplaced(one, set.slice(index + 1))),
  ];
  for (const [name] of overrides) {
    if (!Object.hasOwn(table, name) || table[name]?.notBySet !== true) continue;
    findings.problem({ file: 'SET', line: 0 }, `${name} can only be changed in a file`);
  }
  return readValues(GLOBAL_SETTINGS, assignments, findings);
}

/** Where the configuration names no file for it, it comes from what else there is. */
function readMockSecret(
  values: GlobalValues,
  context: FileContext,
  other: { readonly authFile: string; readonly tlsKey: string },
): Buffer {
  const own = readSettingFile('mock_auth_secret_file', values, context);
  if (own?.trim() === '') {
    const { findings, place } = context;
    findings.problem(place('mock_auth_secret_file'), 'mock_auth_secret_file: the file is empty');
  }
  return mockSecret({ own: own ?? '', ...other, machineId: machineId(context.access.readFile) });
}

function failed(findings: Findings): LoadResult {
  return {
    kind: 'failed',
    problems: findings.of('problem'),
    warnings: findings.of('warning'),
    notes: findings.of('note'),
  };
}

function readText(file: string): string {
  return readFileSync(file, 'utf8');
}

interface FileContext {
  readonly access: { readonly cwd: string; readonly readFile: (file: string) => string };
  readonly findings: Findings;
  readonly place: (name: keyof GlobalValues) => Place;
}

/** Empty where there is none: not every system has one, and a container may hide it. */
function machineId(readFile: (file: string) => string): string {
  try {
    return readFile('/etc/machine-id').trim();
  } catch {
    return '';
  }
}

function checkSections(ini: IniFile, findings: Findings): void {
  const known = Object.keys(SETTINGS);
  for (const section of ini.sections) {
    if (known.includes(section.name)) continue;
    const hint = suggestion(section.name, known);
    const accepted = known.map((name) => `[${name}]`).join(', ');
    const message = `unknown section ${quoted(section.name)}${hint}; accepted: ${accepted}`;
    findings.problem(section, message);
  }
}

/** What cannot change while the daemon runs stays as it is. */
function keepFixed(
  fresh: GlobalValues,
  running: DaemonConfig | undefined,
  warn: (name: keyof GlobalValues, message: string) => void,
): GlobalValues {
  if (running === undefined) return fresh;
  const table: SettingTable = GLOBAL_SETTINGS;
  const before: Readonly<Record<string, unknown>> = running.values;
  const kept: Record<string, unknown> = { ...fresh };
  for (const [name, row] of Object.entries(table)) {
    if (row.reloadable) continue;
    const [old, now] = [row.type.show(before[name]), row.type.show(kept[name])];
    if (old === now) continue;
    kept[name] = before[name];
    const message = `${name} = ${quoted(now)} needs a restart; ${quoted(old)} remains`;
    // The table is keyed by the names of the values.
    warn(name as keyof GlobalValues, message);
  }
  return kept as GlobalValues;
}
