import { connect, type Socket } from 'node:net';
import { frame, startupPacket } from '@pgweir/testkit';
import type { QueryMode } from '../scenarios';
import { ACCOUNTS, APPLICATION_NAME, USER } from '../table';
import type { Target } from './target';

const HEADER_BYTES = 5;
const [ERROR, READY] = [0x45, 0x5a];
const STATEMENT = 'select_account';
const SQL = 'SELECT abalance FROM pgbench_accounts WHERE aid = ';
const SYNC = frame('S', Buffer.alloc(0));
const DESCRIBE_PORTAL = frame('D', Buffer.from('P\0'));
/** The unnamed portal, all rows. */
const EXECUTE = frame('E', Buffer.alloc(5));
const TAIL = Buffer.concat([DESCRIBE_PORTAL, EXECUTE, SYNC]);
const TERMINATE = frame('X', Buffer.alloc(0));

/** Called at ReadyForQuery, or with what went wrong; after that nothing more comes. */
export type Answered = (error: Error | undefined) => void;

/** One client on a raw socket that asks one thing at a time. It logs in without a password. */
export class WireClient {
  readonly #socket: Socket;
  readonly #mode: QueryMode;
  #rest: Buffer | undefined;
  #answered: Answered;

  private constructor(socket: Socket, mode: QueryMode, answered: Answered) {
    this.#socket = socket;
    this.#mode = mode;
    this.#answered = answered;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('error', (error) => this.#answered(error));
    socket.on('close', () => this.#answered(new Error('the connection ended')));
  }

  /** Logs in and, where the mode has it, prepares the statement. */
  static connect(target: Target, mode: QueryMode): Promise<WireClient> {
    const { host, port, database } = target;
    const parameters = { application_name: APPLICATION_NAME };
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => {
        socket.write(startupPacket({ user: USER, database, parameters }));
      });
      const client = new WireClient(socket, mode, (failure) => {
        if (failure !== undefined) {
          socket.destroy();
          reject(failure);
        } else if (mode !== 'prepared') {
          resolve(client);
        } else {
          client.#ask(Buffer.concat([parse(STATEMENT), SYNC]), (error) => {
            if (error === undefined) resolve(client);
            else reject(error);
          });
        }
      });
    });
  }

  /** Reads one row, chosen at random. Only when the last answer has come. */
  transact(answered: Answered): void {
    this.#ask(selectMessages(this.#mode), answered);
  }

  /** Terminate and close. Nothing is called any more. */
  end(): void {
    this.#answered = () => undefined;
    this.#socket.end(TERMINATE);
  }

  #ask(bytes: Buffer, answered: Answered): void {
    this.#answered = answered;
    this.#socket.write(bytes);
  }

  #received(fresh: Buffer): void {
    const chunk = this.#rest === undefined ? fresh : Buffer.concat([this.#rest, fresh]);
    let at = 0;
    let isReady = false;
    while (chunk.length - at >= HEADER_BYTES) {
      const end = at + 1 + chunk.readInt32BE(at + 1);
      if (end > chunk.length) break;
      if (chunk[at] === READY) isReady = true;
      if (chunk[at] === ERROR) {
        this.#failed(chunk.subarray(at + HEADER_BYTES, end));
        return;
      }
      at = end;
    }
    this.#rest = at === chunk.length ? undefined : Buffer.from(chunk.subarray(at));
    if (isReady) this.#answered(undefined);
  }

  #failed(body: Buffer): void {
    const answered = this.#answered;
    this.#answered = () => undefined;
    this.#socket.destroy();
    answered(new Error(body.toString('utf8').split('\0').filter(Boolean).join(' ')));
  }
}

/** The same messages as libpq's for pgbench's three modes. */
function selectMessages(mode: QueryMode): Buffer {
  const aid = String(1 + Math.floor(Math.random() * ACCOUNTS));
  switch (mode) {
    case 'simple':
      return frame('Q', Buffer.from(`${SQL}${aid};\0`));
    case 'extended':
      return Buffer.concat([parse(''), bind('', aid), TAIL]);
    case 'prepared':
      return Buffer.concat([bind(STATEMENT, aid), TAIL]);
  }
}

function parse(statement: string): Buffer {
  return frame('P', Buffer.from(`${statement}\0${SQL}$1;\0\0\0`));
}

/** One parameter as text; columns as text. */
function bind(statement: string, value: string): Buffer {
  const counts = '\0\0\0\x01';
  const length = `\0\0\0${String.fromCharCode(value.length)}`;
  return frame('B', Buffer.from(`\0${statement}\0${counts}${length}${value}\0\0`, 'latin1'));
}
