import { connect, type NetConnectOpts } from 'node:net';
import { startupPacket, waitFor } from '@pgweir/testkit';

const READY = Buffer.from('Z\0\0\0\x05I', 'latin1');
const STARTUP = startupPacket({ user: 'app', database: 'app' });

/** Clients that come, log in and leave, so many a second. */
export class ClientStream {
  begun = 0;
  readonly outcomes = new Map<string, number>();
  readonly #targets: readonly NetConnectOpts[];
  readonly #perSecond: number;
  readonly #startMs = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(targets: readonly NetConnectOpts[], perSecond: number) {
    this.#targets = targets;
    this.#perSecond = perSecond;
    this.#timer = setInterval(() => this.#catchUp(), 2);
  }

  #catchUp(): void {
    const due = ((performance.now() - this.#startMs) / 1000) * this.#perSecond;
    while (this.begun < due) {
      const target = this.#targets[this.begun++ % this.#targets.length];
      if (target !== undefined) this.#login(target);
    }
  }

  #login(target: NetConnectOpts): void {
    let outcome = 'closed early';
    const socket = connect(target, () => socket.write(STARTUP));
    socket.on('data', (bytes) => {
      if (bytes[0] === 0x45) outcome = `refused: ${bytes.toString('latin1')}`;
      else if (bytes.subarray(-READY.length).equals(READY)) outcome = 'logged in';
      else return;
      socket.destroy();
    });
    socket.on('error', (error) => {
      outcome = error.message;
    });
    socket.on('close', () => this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1));
  }

  /** Waits for the last of them. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const ended = () => [...this.outcomes.values()].reduce((sum, count) => sum + count, 0);
    await waitFor(() => ended() === this.begun, {
      what: 'every client to have an answer',
      deadlineMs: 20_000,
    });
  }
}
