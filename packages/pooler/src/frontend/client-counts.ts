import type { ErrorFields } from '@pgweir/protocol';
import type { ErrorInstead } from '../errors';
import type { DatabaseName, UserName } from '../ports/names';
import type { ClientTotals } from '../ports/worker-identity';
import { AuthCounts } from '../stats/auth-counts';
import { ClientTraffic, entryOf } from '../stats/client-traffic';
import { ErrorCounts } from '../stats/error-counts';
import type { Session } from './session';

/** SQLSTATEs of who cannot prove who he is, or may not come in. */
const AUTH_CODES: ReadonlySet<string> = new Set(['28000', '28P01']);

const NOBODY: ClientTotals = { total: 0, perUser: [], perDatabase: [] };

/** How many clients there are, as the client-side caps count them. */
export class ClientCounts {
  /** Clients of this process that count for `max_client_conn`. */
  own = 0;
  readonly traffic = new ClientTraffic();
  readonly errors = new ErrorCounts();
  readonly auths = new AuthCounts();
  readonly #perUser = new Map<UserName, number>();
  readonly #perDatabase = new Map<DatabaseName, number>();
  readonly #changed: () => void;
  /** Those of other workers, a few milliseconds ago. */
  #others = NOBODY;
  #othersPerUser: ReadonlyMap<string, number> = new Map();
  #othersPerDatabase: ReadonlyMap<string, number> = new Map();

  /** `changed` is called whenever the counts of this process have changed. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** What the caps hold against: everybody's. */
  get total(): number {
    return this.own + this.#others.total;
  }

  ofUser(user: UserName): number {
    return (this.#perUser.get(user) ?? 0) + (this.#othersPerUser.get(user) ?? 0);
  }

  ofDatabase(database: DatabaseName): number {
    return (this.#perDatabase.get(database) ?? 0) + (this.#othersPerDatabase.get(database) ?? 0);
  }

  /** For the other workers. */
  ownTotals(): ClientTotals {
    return { total: this.own, perUser: [...this.#perUser], perDatabase: [...this.#perDatabase] };
  }

  setOthers(others: ClientTotals): void {
    this.#others = others;
    this.#othersPerUser = new Map(others.perUser);
    this.#othersPerDatabase = new Map(others.perDatabase);
  }

  /** A client has said who it wants to be. */
  came(session: Session): void {
    session.counted = true;
    this.traffic.came(session);
    this.own++;
    this.#changed();
  }

  /** It has proved it, and belongs to a database and a pool from here on. */
  admitted(session: Session): void {
    const { admission } = session;
    this.auths.count('ok', session.login?.authMethod);
    if (admission === undefined) return;
    this.traffic.admitted(session);
    admission.database.clients++;
    admission.database.counters.logins++;
    admission.pool.clients++;
    add(this.#perUser, admission.user, 1);
    add(this.#perDatabase, admission.database.name, 1);
    this.#changed();
  }

  /** A client has been sent an error by which its session does not end. */
  told(session: Session, { code, source }: Pick<ErrorInstead, 'code' | 'source'>): void {
    this.errors.count(source, entryOf(session), code);
  }

  /** It is about to be told so. */
  failed(session: Session, { code }: ErrorFields): void {
    const isLogin = session.admission === undefined && session.virtual === undefined;
    this.errors.count('pgweir', entryOf(session), code);
    if (!AUTH_CODES.has(code) || session.admission !== undefined) return;
    this.auths.count('failed', session.login?.authMethod);
    if (isLogin) this.traffic.failedAuth(session);
  }

  left(session: Session, nowMs: number): void {
    if (session.counted) {
      this.own--;
      this.traffic.left(session);
    }
    const { admission } = session;
    if (admission !== undefined) {
      admission.database.clients--;
      admission.database.usedAtMs = nowMs;
      admission.pool.clients--;
      admission.pool.usedAtMs = nowMs;
      add(this.#perUser, admission.user, -1);
      add(this.#perDatabase, admission.database.name, -1);
    }
    if (session.counted) this.#changed();
  }
}

function add<Name>(counts: Map<Name, number>, name: Name, by: 1 | -1): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}
