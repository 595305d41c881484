import { Frontend, ProtocolViolation } from '@pgweir/protocol';
import type { StoredSecret } from '../ports/credential-source';
import { BodyCollector } from '../relay/body-collector';
import { Authentication, type Claim, type Proven } from './authentication';
import { clientFault } from './client-fault';
import { admittingRule, OWNER_RULE } from './login-rule';
import { SecretSearch } from './secret-search';
import type { Session } from './session';
import type { SessionContext } from './session-context';

/** An authentication message is small; PostgreSQL allows this much for a SASL message. */
const AUTH_MESSAGE_BYTES_MAX = 64 * 1024;

/** Who a client says that it is. */
interface Named extends Pick<Claim, 'user' | 'databaseName' | 'virtual'> {
  readonly physicalReplication: boolean;
  /** It runs as the same user of the system as we do, and needs to prove no more. */
  readonly isOwner: boolean;
}

/**
 * Finds out whether a client is who it says: by which rule it has to prove that, what is stored of its
 * password, and what it answers. Where that fails, the session ends.
 */
export class Identification {
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #named: Named;
  readonly #proven: (proven: Proven) => void;
  readonly #collector = new BodyCollector();
  #search: SecretSearch | undefined;
  #authentication: Authentication | undefined;

  constructor(
    session: Session,
    context: SessionContext,
    named: Named,
    proven: (proven: Proven) => void,
  ) {
    this.#session = session;
    this.#context = context;
    this.#named = named;
    this.#proven = proven;
  }

  /** What auth_query has found: nobody else knows it. */
  get byQuery(): StoredSecret | undefined {
    return this.#search?.byQuery;
  }

  begin(): void {
    const { user, databaseName, virtual, isOwner } = this.#named;
    const rule = isOwner ? OWNER_RULE : admittingRule(this.#context, this.#session, this.#named);
    if (rule === undefined) return;
    if (isOwner && this.#session.login !== undefined) this.#session.login.authMethod = rule.method;
    const wanted = { user, databaseName, virtual };
    this.#search = new SecretSearch(this.#session, this.#context, {
      ...wanted,
      method: rule.method,
      found: (stored) => {
        const forcedUser = this.#context.forcedUser(databaseName);
        this.#authenticate({ ...wanted, rule, forcedUser, stored, proven: this.#proven });
      },
    });
    this.#search.begin();
  }

  #authenticate(claim: Claim): void {
    const session = this.#session;
    const authentication = new Authentication(session, this.#context, claim);
    this.#authentication = authentication;
    authentication.begin();
    if (session.phase === 'closed' || authentication.over) return;
    // It may have answered before it was asked.
    session.input.replayKept((kept) => this.received(kept, kept.length));
  }

  /** The session ends. */
  leave(): void {
    this.#search?.leave();
    this.#authentication?.leave();
  }

  /** What the client sends is for later. */
  get #expectsNothing(): boolean {
    return this.#authentication?.over !== false;
  }

  received(buffer: Buffer, length: number): void {
    try {
      this.#read(buffer, length);
    } catch (error) {
      const fault = clientFault(error);
      if (fault === undefined) throw error;
      if (fault.key === 'internal') this.#session.fail('internal', '', fault.why);
      else this.#session.fail('badStartupLayout', 'invalid authentication message');
    }
  }

  #read(buffer: Buffer, length: number): void {
    const { reader } = this.#session;
    let at = 0;
    while (at < length && this.#session.phase !== 'closed') {
      if (this.#expectsNothing) {
        this.#session.input.keep(buffer.subarray(at, length));
        return;
      }
      if (reader.bodyLeft === 0) {
        at = reader.readHeader(buffer, at, length);
        if (at < 0) return;
        const isLong = reader.bodyLength > AUTH_MESSAGE_BYTES_MAX;
        if (reader.tag === Frontend.Password && isLong && this.#authentication?.isClearText) {
          this.#authentication.tooLong(reader.bodyLength);
          return;
        }
        if (reader.tag !== Frontend.Password || isLong) {
          throw new ProtocolViolation('unexpectedMessage', reader.tag, reader.bodyLength);
        }
        this.#collector.begin(reader.bodyLength);
      }
      const end = reader.takeBody(at, length);
      this.#collector.add(buffer, at, end);
      at = end;
      if (reader.bodyLeft === 0) this.#authentication?.message(this.#collector.take());
    }
  }
}
