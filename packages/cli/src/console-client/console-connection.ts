import type { ConnectionOptions } from 'node:tls';
import { Client, type CustomTypesConfig } from 'pg';
import { abstractSocket } from '../runtime/abstract-socket';

/** Where a console is, and as whom. */
export interface ConsoleTarget {
  /** A name, an address, or the directory of a Unix socket, with `@` in Linux's abstract name space. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** undefined: `PGPASSWORD` or the file of passwords has it, or none is needed. */
  readonly password: string | undefined;
  /** With TLS and these options, or without; of two the second if the first cannot be had. */
  readonly tls: readonly [TlsChoice, ...TlsChoice[]];
  /**
   * `scram`: a password is only used to prove that it is known, by SCRAM, which shows neither it nor a
   * hash of it to whoever listens there. `any`: as the other side asks.
   */
  readonly proof: 'scram' | 'any';
}

export type TlsChoice = ConnectionOptions | false;

/** The other side asks for a password in a form that would give it away. Nothing was sent. */
export class PasswordWouldShow extends Error {
  override readonly name = 'PasswordWouldShow';
}

/** One row of SHOW, by the names of its columns. */
export type ConsoleRow = Readonly<Record<string, string | null>>;

const CONNECT_MS = 5000;
/** SHOW answers at once; PAUSE may take as long as transactions do. */
const ANSWER_MS = 5000;
export const CONSOLE_DATABASE = 'pgbouncer';

/** All values as they were sent. */
const AS_TEXT: CustomTypesConfig = { getTypeParser: () => (text: string | Buffer) => text };

const SHOWING = {
  authenticationCleartextPassword: 'in clear text',
  authenticationMD5Password: 'as an MD5 hash',
} as const;

/** One connection to the console of a pgweir, or of a PgBouncer. Of no use after it was lost. */
export class ConsoleConnection {
  readonly #target: ConsoleTarget;
  readonly #applicationName: string;
  #client: Client;
  #lost: Error | undefined;
  /** How far the client got: undefined: nobody has accepted it. */
  #reached: 'tcp' | 'tls' | undefined;

  constructor(target: ConsoleTarget, applicationName: string) {
    this.#target = target;
    this.#applicationName = applicationName;
    this.#client = this.#newClient(target.tls[0]);
  }

  /** @throws Error with a reason for people; PasswordWouldShow */
  async open(): Promise<void> {
    const [, ...others] = this.#target.tls;
    try {
      await this.#connect();
    } catch (error) {
      const [other] = others;
      if (other === undefined || this.#reached !== 'tcp' || this.#lost === CLOSED) throw error;
      this.#client = this.#newClient(other);
      this.#lost = undefined;
      await this.#connect();
    }
  }

  #newClient(tls: TlsChoice): Client {
    const { host, port, user, password } = this.#target;
    const client = new Client({
      ...{ host, port, user, ssl: tls, database: CONSOLE_DATABASE },
      // A function, as an empty text would be looked for in the environment.
      ...(password === undefined ? {} : { password: () => password }),
      ...(host.startsWith('@') ? { stream: () => abstractSocket(`${host}/.s.PGSQL.${port}`) } : {}),
      application_name: this.#applicationName,
      connectionTimeoutMillis: CONNECT_MS,
    });
    const lose = (error: Error): void => {
      if (client === this.#client) this.#lost ??= error;
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection was closed')));
    return client;
  }

  async #connect(): Promise<void> {
    const client = this.#client;
    const { connection } = client;
    this.#reached = undefined;
    connection.once('connect', () => {
      this.#reached = 'tcp';
    });
    connection.once('sslconnect', () => {
      this.#reached = 'tls';
    });
    const connected = client.connect();
    if (this.#target.proof === 'scram') {
      for (const [event, how] of Object.entries(SHOWING)) {
        // In place of what `pg` does there, which has begun to listen in `connect`.
        connection.removeAllListeners(event);
        connection.once(event, () => {
          const message = `asks for the password ${how}, and nobody knows who it is`;
          connection.stream.destroy(new PasswordWouldShow(message));
        });
      }
    }
    await connected;
  }

  /** Undefined: it can be used. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  async show(item: string): Promise<readonly ConsoleRow[]> {
    const asked = this.#client.query<Record<string, string | null>>({
      text: `SHOW ${item}`,
      types: AS_TEXT,
    });
    return (await this.#within(ANSWER_MS, asked)).rows;
  }

  /** Takes as long as it takes: whoever does not want to wait closes the connection. */
  async run(command: string): Promise<void> {
    await this.#client.query(command);
  }

  /** Idempotent; never rejects, and waits for nobody. */
  close(): void {
    this.#lost ??= CLOSED;
    this.#client.end().catch(ofNoInterest);
    const { stream } = this.#client.connection;
    const timer = setTimeout(() => stream.destroy(), GOODBYE_MS);
    timer.unref();
  }

  /** After that there is no telling which answer would be whose. */
  async #within<T>(limitMs: number, asked: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.#lost ??= new Error(`no answer in ${limitMs} ms`);
        reject(this.#lost);
        this.#client.connection.stream.destroy();
      }, limitMs);
    });
    try {
      return await Promise.race([asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const GOODBYE_MS = 1000;
const CLOSED = new Error('closed');

function ofNoInterest(): void {
  // The connection is gone in any case.
}

/** A name as the console reads it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
