import type {
  AccessRule,
  DatabaseSettings,
  ServerIdentity,
  ServerTls,
  UserName,
  UserSettings,
} from '@pgweir/pooler';
import { wantedRole } from '@pgweir/pooler';
import { awsProblem } from '../aws/library';
import { mergedIdentity, type PoolIdentity } from '../aws/server-identity';
import { askingUser } from '../health/askers';
import type { Databases } from './databases';
import { type Findings, type Place, quoted } from './finding';
import type { IniEntry } from './ini-assignment';
import type { GlobalValues } from './settings';

type IdentityName = 'server_auth' | 'aws_region' | 'aws_role_arn' | 'aws_external_id';
type IdentityValues = Partial<Pick<GlobalValues, IdentityName>>;

/** What an entry says of its own about logins to servers; nothing when it says nothing. */
export function ownServerIdentity(values: IdentityValues): {
  readonly serverIdentity?: ServerIdentity;
} {
  const serverIdentity = {
    auth: values.server_auth,
    awsRegion: values.aws_region || undefined,
    awsRoleArn: values.aws_role_arn || undefined,
    awsExternalId: values.aws_external_id || undefined,
  };
  const isSaid = Object.values(serverIdentity).some((value) => value !== undefined);
  return isSaid ? { serverIdentity } : {};
}

/** What stands for all. */
export function serverIdentity(values: GlobalValues): { readonly serverIdentity?: ServerIdentity } {
  return ownServerIdentity(values);
}

/** Whether clients of some database may log in with tokens for RDS. */
export function passesRdsTokens(
  values: GlobalValues,
  { named, fallback }: Databases,
  users: ReadonlyMap<UserName, UserSettings>,
): boolean {
  const all = [...named.values(), fallback, ...users.values(), serverIdentity(values)];
  return all.some((one) => one?.serverIdentity?.auth === 'iam-passthrough');
}

interface Read {
  readonly values: GlobalValues;
  readonly databases: Databases;
  readonly users: ReadonlyMap<UserName, UserSettings>;
  readonly accessRules: readonly AccessRule[];
  readonly serverTls: ServerTls;
}

interface Places {
  readonly findings: Findings;
  readonly place: (name: keyof GlobalValues) => Place;
  readonly of: (section: string) => readonly IniEntry[];
}

/** One database's entry, and what is said of it. */
interface Subject {
  readonly entry: DatabaseSettings;
  readonly at: Place;
  readonly name: string;
}

/** A token opens the database for whoever reads it: it goes to nobody but a server that is proven. */
export function checkServerAuth(read: Read, places: Places): void {
  const subjects = subjectsOf(read.databases, places);
  const users = [...read.users].filter(([, own]) => usesTokens(own.serverIdentity?.auth));
  let isUsed = users.length > 0;
  for (const subject of subjects) {
    const { forcedUser } = subject.entry;
    const identity = identityIn(read, subject.entry, forcedUser);
    if (!usesTokens(identity.auth)) continue;
    isUsed = true;
    checkEntry(subject, identity, read, places.findings);
  }
  for (const [user, own] of users) checkUser(user, own, { subjects, read, places });
  checkAskers(subjects, read, places.findings);
  const problem = isUsed ? awsProblem() : undefined;
  if (problem !== undefined) places.findings.problem(places.place('server_auth'), problem);
}

function checkEntry(
  { entry, at, name }: Subject,
  { auth }: PoolIdentity,
  { values, accessRules, serverTls }: Read,
  findings: Findings,
): void {
  const subject = `database ${quoted(name)}: server_auth = ${auth}`;
  const fault = transportFault(entry, serverTls);
  if (fault !== undefined) findings.problem(at, `${subject} ${fault}`);
  if (entry.password !== undefined) {
    findings.warning(at, `${subject}: password has no effect`);
  }
  if (entry.secret !== undefined) {
    findings.warning(
      at,
      `${subject}: secret is for clients only, and not for logins to PostgreSQL`,
    );
  }
  if (auth !== 'iam-passthrough') return;
  const unfit = passingFault(entry);
  if (unfit !== undefined) findings.problem(at, `${subject} ${unfit}`);
  const asks = values.auth_type === 'iam' || accessRules.some(({ method }) => method === 'iam');
  if (!asks) {
    const message = 'needs auth_type = iam, or a rule with iam: nobody else may show a token';
    findings.warning(at, `${subject} ${message}`);
  }
}

/** A user may go to any database that forces nobody else: there has to be one that is fit. */
function checkUser(
  user: UserName,
  own: UserSettings,
  { subjects, read, places }: { subjects: readonly Subject[]; read: Read; places: Places },
): void {
  const at = lastPlace(places.of('users'), user) ?? places.place('server_auth');
  const own_ = `user ${quoted(user)}: server_auth = ${own.serverIdentity?.auth}`;
  const reached = subjects.filter(({ entry }) => (entry.forcedUser ?? user) === user);
  const isPassed = own.serverIdentity?.auth === 'iam-passthrough';
  const faults = reached.map(
    ({ entry }) =>
      transportFault(entry, read.serverTls) ?? (isPassed ? passingFault(entry) : undefined),
  );
  if (own.secret !== undefined) {
    const message = 'secret is for clients only, and not for logins to PostgreSQL';
    places.findings.warning(at, `${own_}: ${message}`);
  }
  const [first] = faults;
  if (first !== undefined && faults.every((fault) => fault !== undefined)) {
    places.findings.problem(at, `${own_} ${first}`);
    return;
  }
  for (const [index, { name }] of reached.entries()) {
    const fault = faults[index];
    if (fault === undefined) continue;
    places.findings.warning(at, `${own_} ${fault}: it cannot use database ${quoted(name)}`);
  }
}

const NO_CLIENT = 'gets no token from a client: give it server_auth = iam or password in [users]';

/** Whoever asks the servers, or looks users up there, has no client that could show a token. */
function checkAskers(subjects: readonly Subject[], read: Read, findings: Findings): void {
  const { values, serverTls } = read;
  const health = { user: values.health_check_user === '' ? undefined : values.health_check_user };
  const authUser = values.auth_user === '' ? undefined : (values.auth_user as UserName);
  const checkLookUp = (user: UserName, { entry, at, name }: Subject): void => {
    if (identityIn(read, entry, user).auth !== 'iam-passthrough') return;
    const subject = `database ${quoted(name)}: auth_user ${quoted(user)}`;
    findings.problem(at, `${subject} ${NO_CLIENT}`);
  };
  for (const { entry, at, name } of subjects) {
    const asksRoles = wantedRole(entry) !== undefined;
    const user = asksRoles ? askingUser({ health, pooler: { authUser } }, entry) : undefined;
    const lookUp = entry.authUser ?? authUser;
    if (lookUp !== undefined && lookUp !== user) checkLookUp(lookUp, { entry, at, name });
    if (user === undefined) continue;
    const { auth } = identityIn(read, entry, user);
    if (!usesTokens(auth)) continue;
    const subject = `database ${quoted(name)}: ${quoted(user)}, who asks the servers,`;
    if (auth === 'iam-passthrough') {
      findings.problem(at, `${subject} ${NO_CLIENT}`);
      continue;
    }
    const fault = transportFault(entry, serverTls);
    if (fault !== undefined)
      findings.problem(at, `${subject} has server_auth = iam, which ${fault}`);
  }
}

function identityIn(
  { users, values }: Read,
  entry: DatabaseSettings,
  user: UserName | undefined,
): PoolIdentity {
  const own = user === undefined ? undefined : users.get(user);
  return mergedIdentity({ user: own, entry, all: serverIdentity(values) });
}

function usesTokens(auth: ServerIdentity['auth']): boolean {
  return auth === 'iam' || auth === 'iam-passthrough';
}

/** Why no token may be sent to its servers; undefined: one may. */
function transportFault(entry: DatabaseSettings, all: ServerTls): string | undefined {
  if (entry.hosts.some((host) => /^[/@]/.test(host))) {
    return 'needs a host with TLS, and not a Unix socket';
  }
  const { mode } = entry.serverTls ?? all;
  if (mode === 'verify-full') return undefined;
  return 'needs server_tls_sslmode = verify-full, with the CA bundle of RDS as server_tls_ca_file';
}

/** Why clients cannot bring tokens for its servers; undefined: they can. */
function passingFault(entry: DatabaseSettings): string | undefined {
  if (entry.forcedUser !== undefined) {
    return "cannot be had with user=: a client's token is for the user that it names";
  }
  if (entry.readWriteSplit) {
    return "cannot be had with read_write_split: a client's token is for one server";
  }
  if (entry.topology !== 'static') {
    const why = 'a token is for the host that the client knows, not for members that are found';
    return `cannot be had with topology = ${entry.topology}: ${why}`;
  }
  const isOne = entry.targetSessionAttrs !== undefined && entry.targetSessionAttrs !== 'any';
  if (entry.hosts.length > 1 && !isOne) {
    return "needs target_session_attrs with several hosts: a client's token is for one of them";
  }
  return undefined;
}

function subjectsOf({ named, fallback }: Databases, places: Places): readonly Subject[] {
  const all: readonly (readonly [string, DatabaseSettings])[] = [
    ...named,
    ...(fallback === undefined ? [] : ([['*', fallback]] as const)),
  ];
  return all.map(([name, entry]) => ({
    ...{ name, entry },
    at: lastPlace(places.of('databases'), name) ?? places.place('server_auth'),
  }));
}

/** The last entry of a name counts. */
function lastPlace(entries: readonly IniEntry[], name: string): Place | undefined {
  return entries.filter(({ key }) => key === name).at(-1);
}
