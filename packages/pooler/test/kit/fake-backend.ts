import {
  authenticationOk,
  backendKeyData,
  commandComplete,
  dataRow,
  errorResponse,
  parameterStatus,
  readyForQuery,
  rowDescription,
} from '@pgweir/protocol';
import type { FakeServer, Table } from './fake-server';
import type { FakeWire, Peer } from './fake-wire';
import { copyInResponse, frame, type Message, MessageStream } from './messages';

type Status = 'I' | 'T' | 'E';

/**
 * One backend of the fake PostgreSQL. By itself it knows BEGIN, COMMIT, ROLLBACK, `hang` (runs
 * until cancelled), `stuck` (runs for ever), `fail` and `copy` (FROM STDIN), and answers everything
 * else like a SELECT without rows; `answer` overrides.
 */
export class FakeBackend implements Peer {
  readonly processId: number;
  readonly key = Buffer.from('a-rather-long-cancel-key-of-32-b');
  readonly parameters: ReadonlyMap<string, string>;
  readonly wire: FakeWire;
  /** All messages after the startup packet. */
  readonly received: Message[] = [];
  /** Statements that have run, whether anybody heard of it or not, and the status in front of each. */
  readonly ran: { readonly sql: string; readonly status: Status }[] = [];
  /** Each chunk as it was written by the pooler, after the startup packet. */
  readonly chunks: Buffer[] = [];
  closed = false;
  /** Our own end of the stream has been heard. */
  saidGoodbye = false;
  status: Status = 'I';
  /** What to answer to a simple query: bytes, or undefined for the default. */
  answer: ((sql: string, backend: FakeBackend) => Buffer | undefined) | undefined;
  /** A cancel request strikes just these statements. */
  canceledAt: (sql: string) => boolean = () => false;
  /** The SQLSTATE that a statement fails with, which is not run then; undefined: it is. */
  failsWith: (sql: string) => string | undefined = () => undefined;
  /** What CommandComplete says of a statement that is like a SELECT. */
  tagOf: (sql: string) => string = () => 'SELECT 0';
  /** False: collects messages without answering them. */
  answers = true;
  /** After so many messages from now on it is gone; undefined: it stays. */
  diesAfter: number | undefined;
  #doing: 'nothing' | 'hang' | 'stuck' | 'copy' = 'nothing';
  #skipping = false;
  #waiting: Message[] = [];
  #portal = '';
  #binding: Buffer = Buffer.alloc(8);
  /** Texts of what is prepared by the protocol, by name. */
  readonly #statements = new Map<string, string>();
  /** What is being done came by a simple query, which ends with ReadyForQuery by itself. */
  #simple = false;
  readonly #stream = new MessageStream();
  readonly #server: FakeServer;

  constructor(
    server: FakeServer,
    wire: FakeWire,
    processId: number,
    parameters: ReadonlyMap<string, string>,
  ) {
    this.#server = server;
    this.wire = wire;
    this.processId = processId;
    this.parameters = parameters;
  }

  welcome(): void {
    const parts = [authenticationOk()];
    for (const [name, value] of this.#server.parameters) parts.push(parameterStatus(name, value));
    parts.push(backendKeyData(this.processId, this.key), readyForQuery('I'));
    this.send(Buffer.concat(parts));
  }

  send(...parts: readonly Buffer[]): void {
    if (this.closed) return;
    const bytes = Buffer.concat(parts);
    if (this.diesAfter === undefined) this.wire.arrive(bytes);
    else this.#sendLast(bytes);
  }

  /** As much of it as is sent before the end. */
  #sendLast(bytes: Buffer): void {
    let at = 0;
    let left = this.diesAfter ?? 0;
    while (at < bytes.length && left > 0) {
      at += 1 + bytes.readUInt32BE(at + 1);
      left--;
    }
    this.diesAfter = left;
    if (at > 0) this.wire.arrive(bytes.subarray(0, at));
    if (at < bytes.length) this.close();
  }

  /** The statements of all simple queries so far. */
  get queries(): readonly string[] {
    return this.received
      .filter(({ tag }) => tag === 'Q')
      .map(({ body }) => body.toString('utf8', 0, body.length - 1));
  }

  get tags(): string {
    return this.received.map(({ tag }) => tag).join('');
  }

  /** PostgreSQL's side goes away. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.wire.arriveEnd();
  }

  /** As after pg_terminate_backend. */
  terminate(): void {
    this.send(
      errorResponse({
        severity: 'FATAL',
        code: '57P01',
        message: 'terminating connection due to administrator command',
      }),
    );
    this.close();
  }

  /** The connection breaks without a word. */
  crash(): void {
    this.closed = true;
    this.wire.close(new Error('read ECONNRESET'));
  }

  /** Answers what it has collected, and what comes. */
  goOn(): void {
    this.answers = true;
    this.#continue();
  }

  /** What `hang` was running ends by itself. */
  finish(): void {
    if (this.#doing === 'nothing') return;
    this.#doing = 'nothing';
    this.send(commandComplete('SELECT 1'));
    this.#ended();
    this.#continue();
  }

  /** What `hang` was running fails. */
  failWith(code: string, message: string): void {
    if (this.#doing === 'nothing') return;
    this.#doing = 'nothing';
    this.#fail(code, message);
    this.#ended();
    this.#continue();
  }

  canceled(): void {
    if (this.#doing !== 'hang') return;
    this.#doing = 'nothing';
    this.#fail('57014', 'canceling statement due to user request');
    this.#ended();
    this.#continue();
  }

  wrote(bytes: Buffer): void {
    if (this.closed) return;
    this.chunks.push(bytes);
    for (const message of this.#stream.push(bytes)) {
      this.received.push(message);
      this.#waiting.push(message);
    }
    this.#continue();
  }

  finished(): void {
    this.saidGoodbye = true;
    if (this.#doing === 'nothing' && this.#server.closesOnGoodbye) this.close();
  }

  gone(): void {
    this.closed = true;
  }

  #continue(): void {
    while (this.answers && (this.#doing === 'nothing' || this.#doing === 'copy')) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      if (this.#doing === 'copy') this.#copyMessage(message);
      else this.#message(message);
    }
    if (this.saidGoodbye && this.#doing === 'nothing' && this.#server.closesOnGoodbye) this.close();
  }

  #message({ tag, body }: Message): void {
    if (tag === 'S') {
      this.#skipping = false;
      this.send(readyForQuery(this.status));
    } else if (!this.#skipping) {
      this.#statement(tag, body);
    }
  }

  #statement(tag: string, body: Buffer): void {
    switch (tag) {
      case 'Q':
        this.#query(body.toString('utf8', 0, body.length - 1));
        return;
      case 'F':
        this.#simple = true;
        this.send(frame('V', Buffer.from([0xff, 0xff, 0xff, 0xff])));
        this.#ended();
        return;
      case 'P':
        this.#parse(body.toString('utf8').split('\0'));
        return;
      case 'B':
        this.#binding = body;
        this.#bind(body.toString('utf8').split('\0')[1] ?? '');
        return;
      case 'C':
        this.#statements.delete(body.toString('utf8', 1, body.length - 1));
        this.send(frame('3'));
        return;
      case 'D':
        this.#describe(this.#table());
        return;
      case 'E':
        this.#simple = false;
        for (const row of this.#table()?.rows ?? []) this.send(dataRow(row));
        this.#run(this.#portal);
        return;
      default:
        return;
    }
  }

  #table(): Table | undefined {
    const { table } = this.#server;
    return table?.(this.#portal, parametersOf(this.#binding));
  }

  #describe(table: Table | undefined): void {
    if (table === undefined) {
      this.send(frame('n'));
      return;
    }
    const columns = Array.from({ length: table.columns }, (_, i) => ({
      name: `c${i}`,
      typeOid: 25,
      typeLength: -1,
    }));
    this.send(rowDescription(columns));
  }

  #parse([name = '', sql = '']: readonly string[]): void {
    if (sql.startsWith('bad')) this.#fail('42601', 'syntax error');
    else if (name !== '' && this.#statements.has(name)) {
      this.#fail('42P05', `prepared statement "${name}" already exists`);
    } else {
      this.#statements.set(name, sql);
      this.#portal = sql;
      this.send(frame('1'));
    }
  }

  #bind(name: string): void {
    const sql = this.#statements.get(name);
    if (sql === undefined && name !== '') {
      this.#fail('26000', `prepared statement "${name}" does not exist`);
      return;
    }
    this.#portal = sql ?? this.#portal;
    this.send(frame('2'));
  }

  #query(sql: string): void {
    const answer = this.answer?.(sql, this);
    if (answer !== undefined) {
      this.send(answer);
      return;
    }
    this.#simple = true;
    this.#run(sql);
    if (this.#doing === 'nothing') this.#ended();
  }

  #ended(): void {
    if (!this.#simple) return;
    this.#skipping = false;
    this.send(readyForQuery(this.status));
  }

  #run(sql: string): void {
    if (this.canceledAt(sql)) {
      this.#fail('57014', 'canceling statement due to user request');
      return;
    }
    const code = this.failsWith(sql);
    if (code !== undefined) {
      this.#fail(code, 'as the test wants it');
      return;
    }
    const word = sql.split(/[ ;]/)[0] ?? '';
    this.ran.push({ sql, status: this.status });
    switch (word) {
      case 'BEGIN':
        this.status = 'T';
        this.send(commandComplete('BEGIN'));
        return;
      case 'COMMIT':
      case 'ROLLBACK':
        this.status = 'I';
        this.send(commandComplete(word));
        return;
      case 'fail':
        this.#fail('42601', 'syntax error');
        return;
      case 'hang':
      case 'stuck':
        this.#doing = word;
        return;
      case 'copy':
        this.#doing = 'copy';
        this.send(copyInResponse());
        return;
      default:
        this.send(commandComplete(this.tagOf(sql)));
    }
  }

  #copyMessage({ tag }: Message): void {
    if (tag !== 'c' && tag !== 'f') return;
    this.#doing = 'nothing';
    if (tag === 'c') this.send(commandComplete('COPY 1'));
    else this.#fail('57014', 'COPY from stdin failed');
    this.#ended();
  }

  #fail(code: string, message: string): void {
    if (this.status === 'T') this.status = 'E';
    this.#skipping = true;
    this.send(errorResponse({ severity: 'ERROR', code, message }));
  }
}

/** The values of a Bind message, all of them text. */
export function parametersOf(body: Buffer): readonly string[] {
  let at = body.indexOf(0, body.indexOf(0) + 1) + 1;
  at += 2 + 2 * body.readUInt16BE(at);
  const values: string[] = [];
  const count = body.readUInt16BE(at);
  at += 2;
  for (let i = 0; i < count; i++) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(body.toString('utf8', at, at + Math.max(0, length)));
    at += Math.max(0, length);
  }
  return values;
}
