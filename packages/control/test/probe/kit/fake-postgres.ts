import { createServer, type Socket } from 'node:net';
import { frame } from '@pgweir/testkit';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff]);
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

/** AuthenticationOk, a parameter, a key, ReadyForQuery. */
export const WELCOME = Buffer.concat([
  frame('R', int32(0)),
  frame('S', Buffer.concat([text('server_version'), text('18.0')])),
  frame('K', Buffer.concat([int32(42), int32(43)])),
  frame('Z', Buffer.from('I')),
]);

/** What a primary answers a probe. */
export const PRIMARY_ROW: readonly (string | null)[] = [
  ...['7000000000000000001', '0', 'x00000003', '0', '0/3000060', '0/3000148'],
  ...[null, null, null, '0', '7', '97', '1790000000.5'],
];

/** The answer to a prepared statement, of one row. */
export function rowAnswer(values: readonly (string | null)[]): Buffer {
  const columns = values.map((_, index) =>
    Buffer.concat([
      text(`c${index}`),
      int32(0),
      int16(0),
      int32(25),
      int16(-1),
      int32(-1),
      int16(0),
    ]),
  );
  const fields = values.map((value) =>
    value === null
      ? int32(-1)
      : Buffer.concat([int32(Buffer.byteLength(value)), Buffer.from(value)]),
  );
  return Buffer.concat([
    frame('1', Buffer.alloc(0)),
    frame('2', Buffer.alloc(0)),
    frame('T', Buffer.concat([int16(columns.length), ...columns])),
    frame('D', Buffer.concat([int16(fields.length), ...fields])),
    frame('C', text('SELECT 1')),
    frame('Z', Buffer.from('I')),
  ]);
}

/** FATAL, with this SQLSTATE. */
export function fatal(code: string, message: string): Buffer {
  const fields = [`SFATAL`, 'VFATAL', `C${code}`, `M${message}`].map(text);
  return frame('E', Buffer.concat([...fields, Buffer.from([0])]));
}

/** What a fake server does with the bytes that arrive. */
export interface Manners {
  /** After the startup packet. Default: `WELCOME`. */
  readonly onStartup?: (socket: Socket) => void;
  /** After each query. Default: the answer of a primary. */
  readonly onQuery?: (socket: Socket, count: number) => void;
}

/** Speaks as much of PostgreSQL's protocol as a probe needs, and as wrong as a test wants. */
export class FakePostgres {
  readonly port: number;
  readonly sockets = new Set<Socket>();
  /** Connections so far. */
  accepted = 0;
  /** What was in the startup packets, with zero bytes between names and values. */
  readonly startups: string[] = [];
  /** Connections that have said goodbye in order. */
  goodbyes = 0;
  manners: Manners;
  readonly #stop: () => Promise<void>;

  private constructor(manners: Manners, port: number, stop: () => Promise<void>) {
    this.manners = manners;
    this.port = port;
    this.#stop = stop;
  }

  static async start(manners: Manners = {}): Promise<FakePostgres> {
    let fake: FakePostgres | undefined;
    const server = createServer((socket) => fake?.accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const closed = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
    fake = new FakePostgres(manners, port, closed);
    return fake;
  }

  accept(socket: Socket): void {
    this.accepted++;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let queries = 0;
    let kept = Buffer.alloc(0);
    let isStarted = false;
    socket.on('data', (chunk) => {
      if (!isStarted) {
        isStarted = true;
        this.startups.push(chunk.subarray(8).toString('latin1'));
        if (this.manners.onStartup === undefined) socket.write(WELCOME);
        else this.manners.onStartup(socket);
        return;
      }
      kept = Buffer.concat([kept, chunk]);
      while (kept.length >= 5 && kept.length > kept.readInt32BE(1)) {
        const tag = kept.toString('latin1', 0, 1);
        kept = kept.subarray(1 + kept.readInt32BE(1));
        if (tag === 'X') this.goodbyes++;
        // The end of a query, whatever it is made of.
        if (tag !== 'S') continue;
        queries++;
        if (this.manners.onQuery === undefined) socket.write(rowAnswer(PRIMARY_ROW));
        else this.manners.onQuery(socket, queries);
      }
    });
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await this.#stop();
  }
}
