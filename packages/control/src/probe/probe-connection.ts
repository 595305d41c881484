import type { ConnectionOptions } from 'node:tls';
import type { Clock, Resolver } from '@pgweir/pooler';
import { Client, type CustomTypesConfig } from 'pg';
import type { ServerAddress } from '../observation';
import { failureOf, type ProbeFailure, type ProbeStage } from './probe-failure';
import type { ProbePermit } from './probe-permits';
import { guardReaders, probeSocket } from './probe-socket';

export const APPLICATION_NAME = 'pgweir health';

/** A backend whose asker has given up ends its statement by itself. */
const STATEMENT_TIMEOUT_MS = 5000;
const LOCK_TIMEOUT_MS = 1000;
/** TCP asks a silent peer after that time whether it is still there. */
const KEEPALIVE_AFTER_MS = 5000;
/** PostgreSQL has that long to close its side, so that its backend is gone before the permit is. */
const GOODBYE_MS = 1000;
/** Of one answer, the login's included; a probe's has some hundred. */
const ANSWER_BYTES_MAX = 65_536;
/** What the role's own settings must not change: names found elsewhere, a mode that no standby has. */
const SESSION_OPTIONS =
  '-c search_path=pg_catalog -c default_transaction_isolation=read\\ committed';

/** As `pg` and Node.js take them. */
export type TlsOptions = ConnectionOptions;

/** Who asks, and how. */
export interface ProbeLogin {
  readonly database: string;
  readonly user: string;
  /**
   * undefined: there is none. A function is asked at each login; when it rejects, the login fails with
   * that reason. It is never written to logs or errors.
   */
  readonly password: string | undefined | (() => Promise<string>);
  /** undefined: no TLS. A certificate is compared with the server's host, unless told otherwise. */
  readonly tls: TlsOptions | undefined;
}

export interface ProbeConnectionNeeds {
  readonly address: ServerAddress;
  readonly login: ProbeLogin;
  readonly clock: Clock;
  /** undefined: the system's. */
  readonly resolver: Resolver | undefined;
  /** It is given back when the socket has closed. */
  readonly permit: ProbePermit;
  /** How PostgreSQL shows it; undefined: as a question of health. */
  readonly applicationName?: string;
  /** Called once when the connection cannot be used any more, and nobody waits for an answer. */
  readonly lost: (failure: ProbeFailure) => void;
}

/** One row as it was sent. */
export type TextRow = readonly (string | null)[];

export type ConnectionAnswer =
  | { readonly kind: 'rows'; readonly askedAtMs: number; readonly rows: readonly TextRow[] }
  | { readonly kind: 'failed'; readonly failure: ProbeFailure };

/** A statement that is prepared once on each connection: planning one costs more than it does. */
export interface PreparedStatement {
  readonly name: string;
  readonly text: string;
  readonly values?: string[];
}

interface Question {
  readonly statement: PreparedStatement;
  readonly answered: (answer: ConnectionAnswer) => void;
}

type Phase =
  | { readonly kind: 'opening'; readonly question: Question | undefined }
  | { readonly kind: 'open' }
  | { readonly kind: 'asking'; readonly question: Question }
  /** Of no use any more; the socket may still be there. */
  | { readonly kind: 'done' };

/** All values as PostgreSQL writes them. */
const AS_TEXT: CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => text };

/**
 * One connection to one server, for one question at a time. Begins to connect when it is made, and is
 * of no use after the first thing that goes wrong.
 */
export class ProbeConnection {
  readonly #needs: ProbeConnectionNeeds;
  readonly #client: Client;
  #stage: ProbeStage = 'dialing';
  #phase: Phase = { kind: 'opening', question: undefined };
  #ended = false;
  /** Questions so far: the limit of bytes is for each. */
  #asked = 0;

  constructor(needs: ProbeConnectionNeeds) {
    this.#needs = needs;
    this.#client = newClient(needs);
    const { connection } = this.#client;
    // Before `pg` listens to it: whoever hears of an error then knows that it is the end.
    connection.once('end', () => {
      this.#ended = true;
      needs.permit.release();
    });
    connection.once('connect', () => {
      if (this.#stage === 'dialing') this.#stage = 'login';
    });
    connection.once('sslconnect', () => this.#guard());
    this.#client.on('error', (error) => this.#failed(error));
    this.#client.connect((error: Error | null | undefined) => {
      if (error === null || error === undefined) this.#opened();
      else this.#failed(error);
    });
    // With TLS it is the stream above that has to be guarded, once it is there.
    if (needs.login.tls === undefined) this.#guard();
  }

  /** How far it has come. */
  get stage(): ProbeStage {
    return this.#stage;
  }

  /** Of the other side; undefined: it is no address, or not connected. */
  get remoteAddress(): string | undefined {
    const { stream } = this.#client.connection;
    return 'remoteAddress' in stream && typeof stream.remoteAddress === 'string'
      ? stream.remoteAddress
      : undefined;
  }

  /**
   * Asks as soon as the connection is open. Calls `answered` at most once, never within this call,
   * and not after `close`. One question at a time; none after a failure.
   */
  ask(statement: PreparedStatement, answered: (answer: ConnectionAnswer) => void): void {
    const question = { statement, answered };
    if (this.#phase.kind === 'opening') this.#phase = { kind: 'opening', question };
    else if (this.#phase.kind === 'open') this.#send(question);
    else throw new Error(`a probe's connection was asked while it was ${this.#phase.kind}`);
  }

  /** Says goodbye and waits a moment for PostgreSQL to close its side. Idempotent. */
  close(): void {
    const { kind } = this.#phase;
    if (kind === 'done') return;
    this.#phase = { kind: 'done' };
    this.#leave(kind === 'open');
  }

  #leave(withGoodbye: boolean): void {
    if (this.#ended) return;
    const { connection } = this.#client;
    const { stream } = connection;
    if (this.#stage === 'dialing') {
      stream.destroy();
      return;
    }
    if (withGoodbye) connection.end();
    else stream.end();
    this.#needs.clock.after(GOODBYE_MS, () => connection.stream.destroy());
  }

  #opened(): void {
    const phase = this.#phase;
    if (phase.kind !== 'opening') return;
    this.#stage = 'open';
    this.#phase = { kind: 'open' };
    if (phase.question !== undefined) this.#send(phase.question);
  }

  #send(question: Question): void {
    this.#phase = { kind: 'asking', question };
    this.#asked++;
    const askedAtMs = this.#needs.clock.nowMs();
    this.#client.query<(string | null)[]>(
      { ...question.statement, rowMode: 'array', types: AS_TEXT },
      (error: Error | null | undefined, result) => {
        if (error !== null && error !== undefined) return this.#failed(error);
        if (this.#phase.kind !== 'asking' || this.#phase.question !== question) return;
        this.#phase = { kind: 'open' };
        question.answered({ kind: 'rows', askedAtMs, rows: result.rows });
      },
    );
  }

  #failed(error: unknown): void {
    const phase = this.#phase;
    if (phase.kind === 'done') return;
    this.#phase = { kind: 'done' };
    const failure = failureOf(error, { stage: this.#stage, ended: this.#ended });
    this.#leave(false);
    const question = phase.kind === 'open' ? undefined : phase.question;
    if (question === undefined) this.#needs.lost(failure);
    else question.answered({ kind: 'failed', failure });
  }

  #guard(): void {
    const limit = { bytesMax: ANSWER_BYTES_MAX, mark: () => this.#asked };
    guardReaders(this.#client.connection.stream, limit);
  }
}

/** `pg` takes what it is not given from the environment, so it is given everything. */
function newClient({ address, login, resolver, applicationName }: ProbeConnectionNeeds): Client {
  return new Client({
    host: address.host,
    port: address.port,
    database: login.database,
    user: login.user,
    // A function, as an empty text would be looked for in the environment and in ~/.pgpass.
    password: () =>
      typeof login.password === 'function' ? login.password() : (login.password ?? ''),
    ssl: login.tls ?? false,
    sslnegotiation: 'postgres',
    application_name: applicationName ?? APPLICATION_NAME,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    lock_timeout: LOCK_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEPALIVE_AFTER_MS,
    options: SESSION_OPTIONS,
    stream: () => probeSocket(resolver),
  });
}
