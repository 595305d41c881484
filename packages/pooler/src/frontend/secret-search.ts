import type { Answer, Seeker } from '../auth-query/answer';
import { authQueryPlan } from '../auth-query/plan';
import { unreachable } from '../errors';
import { clientLimits, databaseSettingsFor } from '../pool/pool-limits';
import type { StoredSecret } from '../ports/credential-source';
import type { DatabaseName, UserName } from '../ports/names';
import type { AdmittingRule } from './login-rule';
import type { Session } from './session';
import type { SessionContext } from './session-context';

interface Wanted {
  readonly user: UserName;
  readonly databaseName: DatabaseName;
  readonly virtual: boolean;
  /** How it has to prove who it is. */
  readonly method: AdmittingRule['method'];
  /** What is stored of the user's password; undefined: the user is not known. */
  readonly found: (stored: StoredSecret | undefined) => void;
}

/** Others vouch for the user, or nobody needs to. */
const NOBODY_HAS_TO_BE_KNOWN: ReadonlySet<AdmittingRule['method']> = new Set([
  'any',
  'owner',
  'ldap',
  'iam',
]);

/**
 * Finds what is stored of one client's password before it is asked for it: in the `CredentialSource`, or
 * by auth_query, which may take a while. Where that fails, the session ends.
 */
export class SecretSearch implements Seeker {
  readonly waitingSinceMs: number;
  /** What auth_query has found: nobody else knows it. */
  byQuery: StoredSecret | undefined;
  /** Where it waits. */
  #place: string | undefined;
  #isOver = false;
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #wanted: Wanted;

  constructor(session: Session, context: SessionContext, wanted: Wanted) {
    this.#session = session;
    this.#context = context;
    this.#wanted = wanted;
    this.waitingSinceMs = context.clock.nowMs();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  get queryWaitTimeoutMs(): number {
    const { settings } = this.#context;
    const { databaseName, user } = this.#wanted;
    const entry = databaseSettingsFor(settings, databaseName)?.entry;
    if (entry === undefined) return settings.queryWaitTimeoutMs;
    return clientLimits(settings, entry, user).queryWaitTimeoutMs;
  }

  begin(): void {
    const { credentials, lookUps, settings } = this.#context;
    const { databaseName, user, virtual, method } = this.#wanted;
    const stored = credentials.lookup(user, databaseName);
    const asks = stored === undefined && !NOBODY_HAS_TO_BE_KNOWN.has(method);
    const plan = asks ? authQueryPlan(settings, databaseName, { virtual }) : undefined;
    if (plan === undefined) this.#end(stored);
    else {
      const place = lookUps.begin(plan, user, this);
      if (!this.#isOver) this.#place = place;
    }
  }

  /** The session ends. */
  leave(): void {
    this.#isOver = true;
    if (this.#place !== undefined) this.#context.lookUps.leave(this.#place, this);
    this.#place = undefined;
  }

  found(answer: Answer): void {
    if (this.#isOver) return;
    switch (answer.kind) {
      case 'known':
        this.byQuery = answer.secret;
        this.#end(answer.secret);
        return;
      case 'unknown':
        this.#end(undefined);
        return;
      case 'failed':
        this.#place = undefined;
        this.#session.failWith(answer.error, 'auth_query');
        return;
      default:
        unreachable(answer);
    }
  }

  #end(stored: StoredSecret | undefined): void {
    this.#isOver = true;
    this.#place = undefined;
    this.#wanted.found(stored);
  }
}
