import {
  commandComplete,
  dataRow,
  errorResponse,
  notificationResponse,
  readyForQuery,
} from '@pgweir/protocol';
import { FakeBackend } from '../kit/fake-backend';
import type { FakeServer } from '../kit/fake-server';

type Change =
  | { readonly kind: 'listen'; readonly channel: string }
  | { readonly kind: 'unlisten'; readonly channel: string }
  | { readonly kind: 'unlisten all' }
  | { readonly kind: 'notify'; readonly channel: string; readonly payload: string };

/** What one backend listens to, and what its transaction has done so far. */
class Ear {
  readonly channels = new Set<string>();
  changes: Change[] = [];
  /** Notifications that wait for the end of its transaction, or for `release`. */
  waiting: Buffer[] = [];
  held = false;
}

const FAILED = Buffer.concat([
  errorResponse({ severity: 'ERROR', code: 'XX000', message: 'it fails' }),
  readyForQuery('I'),
]);

const TELLS = /json_agg/;
const LISTEN =
  /^(?<word>LISTEN|UNLISTEN|NOTIFY) (?<channel>\*|"[^"]*"|\w+)(?:,\s*'(?<payload>[^']*)')?$/;

/** Teaches all backends of a fake PostgreSQL LISTEN, UNLISTEN and NOTIFY, with their transactions. */
export class NotifyingServer {
  /** Statements that fail. */
  fails: ((sql: string) => boolean) | undefined;
  readonly #server: FakeServer;
  readonly #ears = new Map<FakeBackend, Ear>();

  constructor(server: FakeServer) {
    this.#server = server;
    const began = server.loginBegan.bind(server);
    server.loginBegan = (...args) => {
      const peer = began(...args);
      if (peer instanceof FakeBackend) {
        this.#ears.set(peer, new Ear());
        peer.answer = (sql) => this.#answer(peer, sql);
      }
      return peer;
    };
  }

  /** What a backend listens to. */
  channelsOf(backend: FakeBackend): readonly string[] {
    return [...this.#earOf(backend).channels].filter((channel) => !channel.startsWith('pgweir_'));
  }

  /** The backend that listens for the pooler: it, and no other, listens to the marks. */
  get listening(): FakeBackend | undefined {
    return this.#server.live.find((backend) => this.hearsMarks(backend));
  }

  hearsMarks(backend: FakeBackend): boolean {
    return [...this.#earOf(backend).channels].some((channel) => channel.startsWith('pgweir_'));
  }

  /** A backend hears nothing until `release`. */
  hold(backend: FakeBackend): void {
    this.#earOf(backend).held = true;
  }

  release(backend: FakeBackend): void {
    this.#earOf(backend).held = false;
    this.#tell(backend);
  }

  /** Somebody who is connected to PostgreSQL itself sends a notification. */
  notify(channel: string, payload: string, processId = 9): void {
    const message = notificationResponse(processId, Buffer.from(`${channel}\0${payload}\0`));
    for (const backend of this.#server.live) {
      const ear = this.#earOf(backend);
      if (!ear.channels.has(channel)) continue;
      ear.waiting.push(message);
      if (backend.status === 'I') this.#tell(backend);
    }
  }

  #earOf(backend: FakeBackend): Ear {
    const ear = this.#ears.get(backend);
    if (ear === undefined) throw new Error('a backend from before');
    return ear;
  }

  #tell(backend: FakeBackend): void {
    const ear = this.#earOf(backend);
    if (ear.held) return;
    for (const message of ear.waiting.splice(0)) backend.send(message);
  }

  #answer(backend: FakeBackend, sql: string): Buffer | undefined {
    const ear = this.#earOf(backend);
    if (sql === 'fail') {
      ear.changes = [];
      return undefined;
    }
    if (this.fails?.(sql) === true) return FAILED;
    const out: Buffer[] = [];
    for (const statement of TELLS.test(sql) ? [sql] : sql.split(';')) {
      const tag = this.#run(backend, ear, statement.trim(), out);
      if (tag === undefined) return undefined;
      out.push(commandComplete(tag));
    }
    if (backend.status === 'I') {
      this.#commit(backend, ear);
      if (!ear.held) out.push(...ear.waiting.splice(0));
    }
    return Buffer.concat([...out, readyForQuery(backend.status)]);
  }

  /** @returns the command's tag; undefined: the backend knows by itself what to do */
  #run(backend: FakeBackend, ear: Ear, sql: string, out: Buffer[]): string | undefined {
    if (TELLS.test(sql)) {
      const channels = ear.channels.size === 0 ? null : JSON.stringify([...ear.channels]);
      out.push(dataRow([channels]));
      return 'SELECT 1';
    }
    const { word, channel = '', payload = '' } = LISTEN.exec(sql)?.groups ?? {};
    const name = channel.replaceAll('"', '');
    if (word === 'LISTEN') ear.changes.push({ kind: 'listen', channel: name });
    else if (word === 'NOTIFY') ear.changes.push({ kind: 'notify', channel: name, payload });
    else if (channel === '*') ear.changes.push({ kind: 'unlisten all' });
    else if (word === 'UNLISTEN') ear.changes.push({ kind: 'unlisten', channel: name });
    else if (sql === 'BEGIN') backend.status = 'T';
    else if (sql === 'COMMIT') backend.status = 'I';
    else if (sql === 'ROLLBACK') {
      backend.status = 'I';
      ear.changes = [];
    } else if (/^(hang|stuck|copy)/.test(sql)) return undefined;
    else return 'SELECT 0';
    return word ?? sql;
  }

  #commit(backend: FakeBackend, ear: Ear): void {
    for (const change of ear.changes.splice(0)) {
      if (change.kind === 'listen') ear.channels.add(change.channel);
      else if (change.kind === 'unlisten') ear.channels.delete(change.channel);
      else if (change.kind === 'unlisten all') ear.channels.clear();
      else if (change.kind === 'notify') this.#send(backend, change.channel, change.payload);
    }
  }

  #send(from: FakeBackend, channel: string, payload: string): void {
    const message = notificationResponse(from.processId, Buffer.from(`${channel}\0${payload}\0`));
    for (const backend of this.#server.live) {
      const ear = this.#earOf(backend);
      if (!ear.channels.has(channel)) continue;
      ear.waiting.push(message);
      if (backend !== from && backend.status === 'I') this.#tell(backend);
    }
  }
}
