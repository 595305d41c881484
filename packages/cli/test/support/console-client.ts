import {
  type ClientId,
  type LinkId,
  NOTHING_HELD,
  NOTHING_SEEN,
  type SnapshotPart,
  type SocketView,
  type UserName,
} from '@pgweir/pooler';
import { Backend, decodeNotice, FrameReader, Frontend, type NoticeFields } from '@pgweir/protocol';
import { rowValues } from '@pgweir/testkit';
import type { ConsoleCommands } from '../../src/admin/commands';
import { AdminConsole } from '../../src/admin/console';
import type { Picture } from '../../src/admin/show/item';
import type { DaemonConfig } from '../../src/config/daemon-config';
import { loadConfig } from '../../src/config/load';
import type { Order } from '../../src/operator';

export const PICTURE: Picture = {
  ...NOTHING_SEEN,
  serverCaps: [],
  state: 'serving',
  configuration: { atMs: 0, isOld: false },
  workerRestarts: 0,
  averages: [],
  holds: NOTHING_HELD,
  clusters: [],
  failovers: [],
  secrets: [],
};

const SOCKET: SocketView = {
  database: 'app',
  user: 'ann',
  replication: 'none',
  state: 'active',
  address: '10.0.0.9',
  port: 4711,
  localAddress: '10.0.0.1',
  localPort: 6432,
  connectedAtMs: 0,
  requestedAtMs: 0,
  waitMs: 1234.5,
  closing: false,
  processId: 4_194_304,
  tls: '',
  applicationName: 'psql',
  preparedStatements: 3,
  congested: true,
};

const WAITS = { cumulative: new Array<number>(20).fill(2 ** 40), sumUs: 0.5, maxUs: 1234.56 };

/** One of each thing that can be shown, with large numbers and fractions. */
export const FULL: Picture = {
  ...PICTURE,
  clientsTotal: 1,
  linksTotal: 1,
  consoleClients: 1,
  pools: [
    {
      ...{
        database: 'app',
        user: 'ann',
        poolMode: 'transaction',
        waitMaxMs: 1234.56,
        waits: WAITS,
        ...{ waitingMs: 0, inQueryMs: 0, inTransactionMs: 0 },
      },
      ...{
        clientsActive: 1,
        clientsIdle: 0,
        clientsWaiting: 0,
        clientsCanceling: 0,
        linksActive: 1,
      },
      ...{ linksIdle: 0, linksTested: 0, linksDialing: 0, linksClosing: 0, linksBeingCanceled: 0 },
      ...{ linksPinned: 1, linksInUseOnReplicas: 0 },
    },
  ],
  stats: [
    {
      ...{ database: 'app', transactions: 2 ** 40, queries: 1, leases: 1, receivedBytes: 1 },
      ...{ sentBytes: 1, transactionUs: 0.5, queryUs: 1.75, waitUs: 2 ** 45 + 0.25, logins: 1 },
      ...{ clientParses: 1, serverParses: 1, binds: 1, moved: 0, retried: 0, failed: 0 },
      ...{ queriesTls: 0, replicaTransactions: 0, readsOnPrimary: 0, rerouted: 0 },
    },
  ],
  averages: [
    {
      ...{
        database: 'app',
        transactions: 1,
        queries: 1,
        leases: 1,
        receivedBytes: 1,
        sentBytes: 1,
      },
      ...{ transactionUs: 0.5, queryUs: 1, waitUs: 1, logins: 0, clientParses: 0, serverParses: 0 },
      queriesTls: 0,
      binds: 0,
      moved: 0,
      retried: 0,
      failed: 0,
      replicaTransactions: 0,
      readsOnPrimary: 0,
      rerouted: 0,
    },
  ],
  pinCounts: [{ database: 'app', reason: 'cursor', count: 1 }],
  times: [{ ...WAITS, database: 'app', what: 'held' }],
  traces: [{ what: 'exported', count: 1 }],
  clients: [{ ...SOCKET, id: 0x7fffffff as ClientId, link: 5 as LinkId }],
  links: [{ ...SOCKET, id: 5 as LinkId, client: 0x7fffffff as ClientId }],
  waiters: [
    {
      ...{ client: 7 as ClientId, database: 'app', user: 'ann', position: 1 },
      ...{ waitedMs: 0.25, poolMode: 'transaction' },
    },
  ],
  resolvedHosts: [{ host: 'db', ttlMs: 900.5, addresses: ['10.0.0.2', '10.0.0.3'] }],
  resolvedZones: [{ zone: 'example.org', serial: 2_026_112_800, hosts: 2 }],
  pins: [
    {
      ...{ client: 7 as ClientId, database: 'app', user: 'ann', address: '10.0.0.9', port: 1 },
      ...{ link: 5 as LinkId, reasons: ['cursor'], statement: 'DECLARE c', sinceMs: 0 },
    },
  ],
  statements: [
    {
      ...{ database: 'app', user: 'ann', fingerprint: '50fde20626009aba', statement: 'SELECT ?' },
      ...{ calls: 3, rows: 6, errors: 1, waitUs: 25.4, times: WAITS },
    },
  ],
  workers: [
    {
      ...{ slot: 0, number: 1, pid: 2, state: 'serving', clients: 1, links: 1, startedAtMs: 0 },
      restarts: 0,
    },
  ],
};

const quiet = (): void => undefined;

interface Message {
  readonly tag: string;
  readonly body: Buffer;
}

/** What a console says, read message by message. */
export interface Answer {
  readonly tags: string;
  readonly columns: readonly string[];
  /** Their type OIDs. */
  readonly types: readonly number[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly errors: readonly NoticeFields[];
  readonly notices: readonly NoticeFields[];
  /** The tags of CommandComplete. */
  readonly completed: readonly string[];
  readonly messages: readonly Message[];
}

interface Options {
  readonly picture?: Picture;
  readonly user?: 'admin' | 'reader';
  readonly isOwner?: boolean;
  readonly ini?: string;
  readonly commands?: Partial<ConsoleCommands>;
}

/** One client of a console that has no daemon behind it. */
export class ConsoleClient {
  readonly orders: Order[] = [];
  readonly parts: SnapshotPart[][] = [];
  closed: string | undefined;
  readonly console: AdminConsole;
  #output: Buffer[] = [];
  readonly #session: ReturnType<AdminConsole['open']>;

  constructor({
    picture = PICTURE,
    user = 'admin',
    isOwner = false,
    ini = '',
    commands = {},
  }: Options = {}) {
    const config = configOf(ini);
    this.console = new AdminConsole({
      view: async (parts) => {
        this.parts.push([...parts]);
        return picture;
      },
      reload: async () => true,
      set: async () => true,
      order: async (order) => {
        this.orders.push(order);
        return undefined;
      },
      shutDown: async () => undefined,
      replaceWorkers: async () => undefined,
      ...commands,
      config: () => config,
      log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
    });
    this.#session = this.console.open(
      { id: 1 as ClientId, user: user as string as UserName, isOwner },
      {
        send: (bytes) => this.#output.push(bytes),
        drained: async () => undefined,
        close: (reason) => {
          this.closed = reason;
        },
      },
    );
  }

  send(tag: number, body: Buffer): void {
    this.#session.message(tag, body);
  }

  cancel(): void {
    this.#session.canceled();
  }

  leave(): void {
    this.#session.closed();
  }

  /** What has been said until now. It is forgotten. */
  async heard(): Promise<Answer> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const bytes = Buffer.concat(this.#output);
    this.#output = [];
    return read(bytes);
  }

  /** The answer to a simple query. */
  async ask(sql: string): Promise<Answer> {
    this.send(Frontend.Query, Buffer.from(`${sql}\0`));
    return await this.heard();
  }
}

function configOf(ini: string): DaemonConfig {
  const text = `[pgbouncer]\nadmin_users = admin\nstats_users = reader\n${ini}`;
  const result = loadConfig('/c.ini', {
    cwd: '/',
    readFile: (file) => {
      if (file === '/c.ini') return text;
      if (file === '/users') return '"ann" "secret"\n"bob" "secret"\n';
      throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
    },
  });
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  return result.config;
}

export function read(bytes: Buffer): Answer {
  const reader = new FrameReader(1 << 30);
  const messages: Message[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = reader.readHeader(bytes, at, bytes.length);
    at = reader.takeBody(start, bytes.length);
    const tag = String.fromCharCode(reader.tag);
    messages.push({ tag, body: bytes.subarray(start, at) });
  }
  const of = (tag: number) => messages.filter((message) => message.tag.charCodeAt(0) === tag);
  const described = of(Backend.RowDescription).at(-1);
  const columns = described === undefined ? [] : columnsOf(described.body);
  return {
    tags: messages.map(({ tag }) => tag).join(''),
    columns: columns.map(({ name }) => name),
    types: columns.map(({ type }) => type),
    rows: of(Backend.DataRow).map(rowValues),
    errors: of(Backend.ErrorResponse).map(({ body }) => decodeNotice(body)),
    notices: of(Backend.NoticeResponse).map(({ body }) => decodeNotice(body)),
    completed: of(Backend.CommandComplete).map(({ body }) =>
      body.toString('utf8', 0, body.length - 1),
    ),
    messages,
  };
}

/** A name ends in NUL; its table, number, type, size, modifier and format follow. */
function columnsOf(body: Buffer): readonly { readonly name: string; readonly type: number }[] {
  const columns: { name: string; type: number }[] = [];
  for (let at = 2; at < body.length; ) {
    const end = body.indexOf(0, at);
    columns.push({ name: body.toString('utf8', at, end), type: body.readInt32BE(end + 7) });
    at = end + 1 + 18;
  }
  return columns;
}
