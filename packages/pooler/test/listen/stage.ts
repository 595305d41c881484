import type { PoolerSettings } from '../../src/settings/settings';
import type { FakeBackend } from '../kit/fake-backend';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';
import { NotifyingServer } from './notifying-server';

/** A pooler before a PostgreSQL that knows LISTEN and NOTIFY. */
export class Stage {
  readonly rig: Rig;
  readonly server: NotifyingServer;

  private constructor(rig: Rig) {
    this.rig = rig;
    this.server = new NotifyingServer(rig.server);
  }

  static async open(changes: Partial<PoolerSettings> = {}): Promise<Stage> {
    return new Stage(await Rig.open(changes));
  }

  /** Runs statements one after the other. */
  async run(client: TestClient, ...statements: readonly string[]): Promise<void> {
    for (const sql of statements) {
      client.send(query(sql));
      await this.rig.settle();
    }
  }

  /** A client that has run LISTEN, whatever has become of it by then. */
  async listener(...channels: readonly string[]): Promise<TestClient> {
    const client = await this.rig.client();
    for (const channel of channels) await this.run(client, `LISTEN ${channel}`);
    client.forget();
    return client;
  }

  /** The backend that listens for all. */
  get listening(): FakeBackend {
    const { listening } = this.server;
    if (listening === undefined) throw new Error('nobody listens for all');
    return listening;
  }

  get pins(): number {
    return this.rig.pool().pins.count;
  }

  /** The one channel of a test is told from outside of pgweir. */
  async notify(channel: string, ...payloads: readonly string[]): Promise<void> {
    for (const payload of payloads) this.server.notify(channel, payload);
    await this.rig.settle();
  }

  /** Lets maintenance do its work. */
  async tick(): Promise<void> {
    await this.rig.pass(400);
  }

  async stop(): Promise<void> {
    const stopped = this.rig.pooler.stop();
    // Links that are being cleaned are cancelled first, which takes time.
    await this.rig.pass(2000);
    await stopped;
    await this.rig.settle();
  }
}

/** Payloads of the notifications that a client has got since `forget`. */
export function heard(client: TestClient): readonly string[] {
  return notifications(client).map(({ payload }) => payload);
}

export function notifications(
  client: TestClient,
): readonly { readonly sender: number; readonly channel: string; readonly payload: string }[] {
  return client.recent
    .filter(({ tag }) => tag === 'A')
    .map(({ body }) => {
      const [channel = '', payload = ''] = body.toString('utf8', 4).split('\0');
      return { sender: body.readInt32BE(0), channel, payload };
    });
}
