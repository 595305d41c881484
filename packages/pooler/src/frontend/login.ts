import {
  authenticationOk,
  type ErrorFields,
  negotiateProtocolVersion,
  type StartupRequest,
} from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { ErrorKey } from '../errors';
import type { Pool } from '../pool/pool';
import type { WelcomeWaiter } from '../pool/waiters';
import { makeWelcome, welcomeMessages } from '../pool/welcome';
import { databaseName, type UserName, userName } from '../ports/names';
import type { TlsInfo, WireHandler } from '../ports/transport';
import { OWNER, type VirtualDatabase } from '../ports/virtual-database';
import { preparationSql } from '../session-state/preparation';
import { EMPTY_PROFILE, type Profile, profileOf } from '../session-state/profile';
import type { LoginSteps } from './admission';
import type { Proven } from './authentication';
import { Identification } from './identification';
import { isOwnUser } from './login-rule';
import type { Session } from './session';
import type { SessionContext } from './session-context';
import { type StartupSettings, startupSettings } from './startup-settings';
import { VirtualLink } from './virtual-link';

/** Where a client wants to go. */
interface Destination {
  readonly database: string;
  readonly virtual: VirtualDatabase | undefined;
  readonly isOwner: boolean;
}

type StartupPacket = Extract<StartupRequest, { kind: 'startup' }>;

/** The newest minor version that we speak. */
const MINOR_MAX = 2;
const DATABASE_BYTES_MAX = 63;
const USER_BYTES_MAX = 127;

const AUTHENTICATION_OK = authenticationOk();

/**
 * From the startup packet to the first ReadyForQuery: who is it, may it come in, and what does its
 * welcome say.
 */
export class Login implements WireHandler, LoginSteps, WelcomeWaiter {
  authMethod: string | undefined;
  readonly #session: Session;
  readonly #context: SessionContext;
  #identification: Identification | undefined;
  #minor = 0;
  #user: UserName = userName('');
  #pool: Pool | undefined;
  #settings: StartupSettings | undefined;
  #profile: Profile = EMPTY_PROFILE;
  /** That the client has proved who it is: told together with what comes next, if that is at once. */
  #acceptance: readonly Buffer[] = [];
  waitingSinceMs = 0;

  constructor(session: Session, context: SessionContext) {
    this.#session = session;
    this.#context = context;
  }

  get startupParameters(): ReadonlyMap<string, string> {
    return this.#settings?.raw ?? new Map();
  }

  get queryWaitTimeoutMs(): number {
    return this.#session.limits?.queryWaitTimeoutMs ?? 0;
  }

  left(): void {
    this.#identification?.leave();
    this.#pool?.welcomeWaiters.delete(this);
  }

  start(packet: StartupPacket): void {
    const session = this.#session;
    const context = this.#context;
    session.enter('login');
    session.login = this;
    session.wire.handler = this;
    const user = packet.parameters.get('user') ?? '';
    if (user === '') return session.fail('noUserName');
    const database = packet.parameters.get('database') || user;
    session.claimed = { user, database };
    if (Buffer.byteLength(user) > USER_BYTES_MAX) return session.fail('nameTooLong', 'username');
    if (Buffer.byteLength(database) > DATABASE_BYTES_MAX) {
      return session.fail('nameTooLong', 'database name');
    }
    this.#user = userName(user);
    this.#minor = Math.min(packet.minor, MINOR_MAX);
    if (packet.minor > MINOR_MAX || packet.protocolOptions.length > 0) {
      session.wire.write(negotiateProtocolVersion(this.#minor, packet.protocolOptions));
    }
    const { settings } = context;
    if (requiresTls(settings.clientTlsMode) && !isEncrypted(session)) {
      return session.fail('sslRequired');
    }
    const virtual = context.virtualDatabase(database);
    const isOwner = virtual !== undefined && user === OWNER && isOwnUser(context, session);
    if (virtual === undefined && !context.letsIn(session)) return session.fail('shuttingDown');
    if (virtual === undefined) {
      if (!context.countClient(session)) return session.fail('tooManyClients');
      const parsed = startupSettings(packet.parameters, settings, session.remote);
      if (parsed.kind === 'failed') return session.failWith(parsed.error, '');
      this.#settings = parsed;
    }
    this.#identification = new Identification(
      session,
      context,
      {
        user: this.#user,
        databaseName: databaseName(database),
        virtual: virtual !== undefined,
        physicalReplication: this.#settings?.replication === 'physical',
        isOwner,
      },
      (proven) => this.#proven(proven, { database, virtual, isOwner }),
    );
    this.#identification.begin();
  }

  #proven(proven: Proven, { database, virtual, isOwner }: Destination): void {
    const session = this.#session;
    if (session.phase === 'closed') return;
    this.#acceptance = [...proven.lastMessages, AUTHENTICATION_OK];
    if (virtual === undefined) {
      this.#admit(database, proven);
      return;
    }
    // Only now: who may is nobody's business.
    if (!isOwner && !virtual.admits(this.#user)) return this.#refuse('notAllowed');
    this.#context.admitted(session, proven.identity);
    this.#tellAcceptance();
    new VirtualLink(session, this.#context, virtual, { user: this.#user, isOwner }).begin(
      this.#minor,
    );
  }

  #admit(databaseText: string, proven: Proven): void {
    const session = this.#session;
    const context = this.#context;
    // Only now: strangers create no databases, and a reload may have come in between.
    const database = context.database(databaseName(databaseText));
    if (database === undefined) return this.#refuse('noSuchDatabase', databaseText);
    if (context.orders.isDisabled(database.name))
      return this.#refuse('databaseDisabled', databaseText);
    const { settings } = context;
    const databaseMax = database.settings.databaseClientsMax ?? settings.databaseClientsMax;
    if (databaseMax > 0 && context.clientsOfDatabase(database.name) >= databaseMax) {
      return this.#refuse('tooManyDatabaseClients');
    }
    const userMax = settings.users.get(this.#user)?.userClientsMax ?? settings.userClientsMax;
    if (userMax > 0 && context.clientsOfUser(this.#user) >= userMax) {
      return this.#refuse('tooManyUserClients');
    }
    const pool = context.pool(database, database.settings.forcedUser ?? this.#user);
    this.#pool = pool;
    if (pool.user === this.#user) {
      const byQuery = this.#identification?.byQuery;
      if (byQuery !== undefined) pool.learnSecret(byQuery);
      if (proven.clientKey !== undefined) pool.serverKeys.learnClientKey(proven.clientKey);
      const { password, byDirectory = false } = proven;
      if (password !== undefined) pool.serverKeys.learnPassword(password, { byDirectory });
    }
    const kind = this.#settings?.replication ?? 'none';
    const replication = kind === 'none' ? undefined : kind;
    const cancel = context.cancels.issue(session, this.#minor);
    session.admission = { user: this.#user, database, pool, cancel, replication };
    session.claimed = undefined;
    session.refreshLimits();
    context.admitted(session, proven.identity);
    this.waitingSinceMs = context.clock.nowMs();
    if (replication !== undefined) {
      session.hasOwnLink = true;
      this.#tellAcceptance();
      session.enter('waiting');
      pool.leaseDedicated(session);
    } else if (pool.welcomes.reported === undefined) {
      this.#tellAcceptance();
      pool.awaitWelcome(this);
    } else {
      this.welcomed();
    }
  }

  /** The client is who it says, but may not come in. */
  #refuse(key: ErrorKey, detail = ''): void {
    this.#tellAcceptance();
    this.#session.fail(key, detail);
  }

  #tellAcceptance(): void {
    if (this.#acceptance.length > 0) this.#session.wire.write(Buffer.concat(this.#acceptance));
    this.#acceptance = [];
  }

  /** The pool knows what PostgreSQL says at login. */
  welcomed(): void {
    if (this.#session.phase === 'closed') return;
    if (this.#resolveSettings()) {
      this.#finish(undefined);
      return;
    }
    // Something PostgreSQL has not judged yet: try it on a link.
    this.#tellAcceptance();
    this.#session.enter('waiting');
    const link = this.#pool?.lease(this.#session);
    if (link !== undefined) this.#session.granted(link);
  }

  /** Replaces each setting by what PostgreSQL made of it before. @returns false when one is new */
  #resolveSettings(): boolean {
    const pool = this.#pool;
    const wanted = this.#settings?.values;
    if (wanted === undefined || wanted.size === 0) return true;
    const values = new Map<string, string>();
    for (const [name, value] of wanted) {
      const known =
        pool?.welcomes.accepted.lookup(name, value) ?? plainApplicationName(name, value);
      if (known === undefined) return false;
      if (known.value !== undefined) values.set(name, known.value);
    }
    this.#profile = profileOf(values);
    return true;
  }

  refused(error: ErrorFields): void {
    this.#session.failWith(error, 'login needs the server');
  }

  granted(link: Link): void {
    const session = this.#session;
    session.enter('active');
    if (session.hasOwnLink) {
      this.#finish(link);
      return;
    }
    if (this.#resolveSettings()) {
      this.#releaseAndFinish(link);
      return;
    }
    const wanted = profileOf(new Map(this.#settings?.values));
    const sql = preparationSql(link, session.id, wanted) ?? '';
    link.limitTime({
      nowMs: this.#context.clock.nowMs(),
      limitMs: this.#context.settings.serverConnectTimeoutMs,
    });
    link.runOwn(sql, (result) => {
      link.deadlineMs = 0;
      if (result.kind === 'done') {
        link.profile = wanted;
        link.changedBy = 0;
        link.wasReset = false;
      }
      if (session.phase === 'closed') {
        link.releaseNow();
      } else if (result.kind === 'failed' && result.error.code === CANNOT_CHANGE_NOW) {
        this.#askForOwnLink(link);
      } else if (result.kind === 'failed') {
        session.failWith({ ...result.error, severity: 'FATAL' }, 'startup parameter refused');
      } else {
        this.#rememberSettings(link, wanted);
        this.#resolveSettings();
        link.profile = this.#profile;
        this.#releaseAndFinish(link);
      }
    });
  }

  /** Some settings can only be given to a connection that begins: this client gets one of its own. */
  #askForOwnLink(link: Link): void {
    const session = this.#session;
    session.hasOwnLink = true;
    session.refreshLimits();
    session.link = undefined;
    session.enter('waiting');
    link.releaseNow();
    this.#pool?.leaseDedicated(session);
  }

  #rememberSettings(link: Link, wanted: Profile): void {
    const parameters = link.identity?.parameters;
    for (const [name, value] of wanted.values) {
      const reported = parameters?.current(name);
      const canonical = reported ?? value;
      const initial = parameters?.initial(name);
      this.#pool?.welcomes.accepted.remember(
        name,
        value,
        reported !== undefined && canonical === initial ? undefined : canonical,
      );
    }
  }

  #releaseAndFinish(link: Link): void {
    this.#session.link = undefined;
    this.#session.enter('login');
    link.releaseNow();
    this.#finish(undefined);
  }

  #finish(link: Link | undefined): void {
    const session = this.#session;
    const { admission } = session;
    if (session.phase === 'closed' || admission === undefined) return;
    if (session.phase === 'active') session.enter('login');
    const { pool, cancel } = admission;
    const own = link?.identity?.parameters;
    const welcome =
      own === undefined ? pool.welcomes.find(this.#profile) : makeWelcome(own, this.#profile);
    const notice = this.#context.settings.loginNotifyMessage;
    session.wire.write(welcomeMessages(this.#acceptance, welcome, { cancel, notice }));
    session.applicationName = welcome.applicationName;
    session.begin(welcome.profile, link);
  }

  received(buffer: Buffer, length: number): void {
    if (this.#session.phase === 'closed') return;
    this.#identification?.received(buffer, length);
  }

  secured(_info: TlsInfo): void {
    // TLS comes before login.
  }

  connected(): void {
    // Accepted wires are connected from the start.
  }

  drained(): void {
    // Nothing of login is large.
  }

  ended(): void {
    this.#session.close('client unexpected eof');
  }

  closed(cause: Error | undefined): void {
    this.#session.closed(cause);
  }
}

/** The SQLSTATE of a setting that can't be changed on a connection that exists. */
const CANNOT_CHANGE_NOW = '55P02';

function requiresTls(mode: string): boolean {
  return mode === 'require' || mode === 'verify-ca' || mode === 'verify-full';
}

function isEncrypted(session: Session): boolean {
  return session.wire.tls !== undefined || session.remote.kind === 'unix';
}

/** Every plain name is accepted by PostgreSQL as it is; many clients send one of their own. */
function plainApplicationName(name: string, value: string): { readonly value: string } | undefined {
  return name === 'application_name' && /^[ -~]{1,63}$/.test(value) ? { value } : undefined;
}
