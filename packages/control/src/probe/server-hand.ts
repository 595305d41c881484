import type { Clock, Resolver } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import type { LogEnd, SwitchoverServer } from '../ports/switchover-server';
import {
  LOG_END,
  MAY_PROMOTE,
  PROMOTE,
  promoteBefore,
  readLogEnd,
  readServerClock,
  SERVER_CLOCK,
} from './log-end-query';
import {
  type ConnectionAnswer,
  type PreparedStatement,
  ProbeConnection,
  type ProbeLogin,
  type TextRow,
} from './probe-connection';
import type { ProbePermits } from './probe-permits';

export interface ServerHandNeeds {
  readonly address: ServerAddress;
  /** One, or several that are tried in turn while the server rejects them, as with and without TLS. */
  readonly logins: readonly ProbeLogin[];
  readonly permits: ProbePermits;
  readonly clock: Clock;
  /** Default: the system's. */
  readonly resolver?: Resolver;
  /** It is not used any more. */
  readonly closed?: () => void;
}

interface Question {
  readonly statement: PreparedStatement;
  readonly answered: (rows: readonly TextRow[]) => void;
  readonly failed: (reason: string) => void;
  /** Logins that are left to be tried for it. */
  attempts: number;
}

/**
 * Asks one server, and tells it things, on a connection that is kept as long as it works. The next
 * question after something has gone wrong comes on a new one.
 */
export class ServerHand implements SwitchoverServer {
  readonly #needs: ServerHandNeeds;
  #connection: ProbeConnection | undefined;
  #question: Question | undefined;
  #withdraw: () => void = () => undefined;
  #login = 0;
  #isClosed = false;

  constructor(needs: ServerHandNeeds) {
    this.#needs = needs;
  }

  async logEnd(deadlineMs: number): Promise<LogEnd> {
    const end = readLogEnd((await this.#ask(LOG_END, deadlineMs))[0]);
    if (end === undefined) throw new Error('an answer that PostgreSQL does not give');
    return end;
  }

  async mayPromote(deadlineMs: number): Promise<boolean> {
    return (await this.#ask(MAY_PROMOTE, deadlineMs))[0]?.[0] === '1';
  }

  async promote(deadlineMs: number): Promise<void> {
    const [row] = await this.#ask(PROMOTE, deadlineMs);
    if (row?.[0] !== '1') throw new Error('PostgreSQL could not be told');
  }

  async promoteWithin(validMs: number, deadlineMs: number): Promise<void> {
    const { clock } = this.#needs;
    const startMs = clock.nowMs();
    const [clockRow] = await this.#ask(SERVER_CLOCK, deadlineMs);
    const serverMs = readServerClock(clockRow);
    if (serverMs === undefined) throw new Error('an answer that PostgreSQL does not give');
    // It told the time before its answer was here: counted from now, that is too early, never too late.
    const beforeMs = serverMs + validMs - (clock.nowMs() - startMs);
    const [row] = await this.#ask(promoteBefore(beforeMs), deadlineMs);
    if (row?.[0] === '-1') throw new Error('it came too late, and nothing was done');
    if (row?.[0] !== '1') throw new Error('PostgreSQL could not be told');
  }

  reconnect(): void {
    this.#drop();
    this.#question?.failed('the connection was given up');
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.reconnect();
    this.#needs.closed?.();
  }

  #ask(statement: PreparedStatement, deadlineMs: number): Promise<readonly TextRow[]> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed || this.#question !== undefined) {
        reject(new Error(this.#isClosed ? 'closed' : 'it is being asked something else'));
        return;
      }
      const over = (): void => {
        stopTimer();
        this.#question = undefined;
      };
      const failed = (reason: string): void => {
        over();
        this.#drop();
        reject(new Error(reason));
      };
      const answered = (rows: readonly TextRow[]): void => {
        over();
        resolve(rows);
      };
      const { clock, logins } = this.#needs;
      const stopTimer = clock.after(deadlineMs, () => failed(`no answer in ${deadlineMs} ms`));
      this.#question = { statement, answered, failed, attempts: logins.length };
      if (this.#connection === undefined) this.#connect(this.#question);
      else this.#send(this.#connection, this.#question);
    });
  }

  #connect(question: Question): void {
    const { address, permits, logins, clock, resolver } = this.#needs;
    const login = logins[this.#login % logins.length];
    if (login === undefined) return question.failed('nobody is configured who may ask');
    this.#withdraw = permits.acquire(address, (answer) => {
      if (this.#question !== question) {
        // It was given up in the same moment.
        if (answer.kind === 'granted') answer.permit.release();
        return;
      }
      if (answer.kind === 'refused') {
        question.failed(`not allowed to connect: ${answer.reason}`);
        return;
      }
      const connection = new ProbeConnection({
        ...{ address, login, clock, resolver, permit: answer.permit },
        lost: () => {
          if (this.#connection === connection) this.#connection = undefined;
        },
      });
      this.#connection = connection;
      this.#send(connection, question);
    });
  }

  #send(connection: ProbeConnection, question: Question): void {
    connection.ask(question.statement, (answer) => {
      if (this.#question === question) this.#answered(answer, question);
    });
  }

  #answered(answer: ConnectionAnswer, question: Question): void {
    if (answer.kind === 'rows') return question.answered(answer.rows);
    this.#connection = undefined;
    const { why, reason } = answer.failure;
    question.attempts--;
    if (why !== 'rejected' || question.attempts <= 0) return question.failed(reason);
    this.#login++;
    this.#connect(question);
  }

  #drop(): void {
    this.#withdraw();
    this.#connection?.close();
    this.#connection = undefined;
  }
}
