import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  LocalLinkBudget,
  loadGrammar,
  Pooler,
  SqlKnowledge,
  StoredSecretVerifier,
} from '@pgweir/pooler';
import { startupPacket } from '@pgweir/testkit';
import { formatFinding, loadConfig } from 'pgweir';
import { catalogReply, isForCatalog } from './catalog-reply';
import { MemoryTransport, type MemoryWire } from './memory-transport';
import { replyTo, WELCOME } from './replies';
import { stillServers } from './still-servers';

const LINKS = 20;
/** What a way of serving sessions stands for in the configuration. */
export interface Way {
  /** Parameters of the entry of the database. */
  readonly entry?: string;
  /** Lines of `[pgbouncer]`. */
  readonly lines?: readonly string[];
}

const LOG = { error: fail, warn: fail, info: () => undefined, debug: () => undefined };

function fail(message: string): never {
  throw new Error(message);
}

/** A pooler in this process, with clients and a PostgreSQL that cost next to nothing. */
export class Fleet {
  readonly #clients: MemoryWire[] = [];
  /** Who has been answered, and may go on. */
  #ready: MemoryWire[] = [];
  /** Links with something to answer, and the answers. */
  #asked: MemoryWire[] = [];
  #answers: Buffer[] = [];
  readonly #transport = new MemoryTransport((wire, bytes, start, end) => {
    this.#asked.push(wire);
    this.#answers.push(answerTo(bytes, start, end));
  });
  readonly #pooler: Pooler;

  private constructor(pooler: (transport: MemoryTransport) => Pooler) {
    this.#pooler = pooler(this.#transport);
  }

  static async start(way: Way, clients: number): Promise<Fleet> {
    const settings = settingsOf(way);
    const sql = new SqlKnowledge(await loadGrammar());
    const credentials = { lookup: () => ({ kind: 'none' }) as const };
    const fleet = new Fleet(
      (transport) =>
        new Pooler({
          settings,
          credentials,
          verifier: new StoredSecretVerifier(),
          transport,
          resolver: { resolve: (_host, done) => done({ addresses: ['127.0.0.1'] }) },
          budget: new LocalLinkBudget(),
          clock: {
            nowMs: () => performance.now(),
            wallMs: () => Date.now(),
            every: () => () => undefined,
            after: () => () => undefined,
          },
          log: LOG,
          sql,
          ...stillServers(settings),
          virtualDatabases: [],
          observer: { ended: () => undefined, counts: () => [] },
        }),
    );
    await fleet.#pooler.listen({ kind: 'tcp', host: '127.0.0.1', port: 6432 }, 128);
    for (let count = 0; count < clients; count++) fleet.#connect();
    await fleet.#settle(clients);
    return fleet;
  }

  #connect(): void {
    const wire = this.#transport.accept((client, bytes, _start, end) => {
      // Each answer ends with ReadyForQuery, whose last byte this is.
      if (bytes[end - 1] === IDLE) this.#ready.push(client);
    });
    this.#clients.push(wire);
    deliver(wire, startupPacket({ user: 'bench', database: 'bench' }));
  }

  /** Waits until everybody has been answered. */
  async #settle(clients: number): Promise<void> {
    while (this.#ready.length < clients) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#answer();
    }
  }

  /** Every client sends these messages; what it takes to open links is waited for. */
  async ask(messages: Buffer): Promise<void> {
    const ready = this.#ready;
    this.#ready = [];
    for (const client of ready) deliver(client, messages);
    await this.#settle(ready.length);
    // What the pooler asks on its own is answered, too.
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#answer();
    }
  }

  /** The same where links are open: everybody has the answers when it returns. */
  turn(messages: Buffer): void {
    const ready = this.#ready;
    this.#ready = [];
    for (const client of ready) deliver(client, messages);
    while (this.#asked.length > 0) this.#answer();
    if (this.#ready.length !== ready.length)
      throw new Error(`somebody was not answered ${this.#ready.length} of ${ready.length}`);
  }

  #answer(): void {
    const asked = this.#asked;
    const answers = this.#answers;
    this.#asked = [];
    this.#answers = [];
    for (const [index, wire] of asked.entries()) deliver(wire, answers[index] ?? WELCOME);
  }
}

const IDLE = 'I'.charCodeAt(0);
/** As the real transports, everybody reads into the same buffer. */
const CHUNK = Buffer.alloc(64 * 1024);

function deliver(wire: MemoryWire, bytes: Buffer): void {
  bytes.copy(CHUNK);
  wire.handler.received(CHUNK, bytes.length);
}

function answerTo(bytes: Buffer, start: number, end: number): Buffer {
  // The startup packet has no tag.
  if (bytes[start] === 0) return WELCOME;
  return isForCatalog(bytes, start, end)
    ? catalogReply(bytes, start, end)
    : replyTo(bytes, start, end);
}

function settingsOf({ entry = 'host=db', lines = [] }: Way) {
  const dir = mkdtempSync(path.join(tmpdir(), 'pgweir-own-code-'));
  try {
    const file = path.join(dir, 'pgweir.ini');
    const text = [
      '[databases]',
      `bench = ${entry} user=bench`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      'unix_socket_dir =',
      'auth_type = any',
      'log_connections = 0',
      'pool_mode = transaction',
      `default_pool_size = ${LINKS}`,
      'server_tls_sslmode = disable',
      ...lines,
    ];
    writeFileSync(file, text.join('\n'));
    const loaded = loadConfig(file, { cwd: dir });
    if (loaded.kind !== 'ok') throw new Error(loaded.problems.map(formatFinding).join('\n'));
    return loaded.config.pooler;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
