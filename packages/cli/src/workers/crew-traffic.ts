import { setTimeout as delay } from 'node:timers/promises';
import type { ClientId, Holds, Logger, ServerLeases, TrafficControl } from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import { FOR_EVER_MS } from './channel';
import type { Crew } from './crew';
import type { CrewView } from './crew-view';
import type { LinkWatch } from './link-watch';
import type { TrafficAsk } from './messages';
import type { WorkerProcess } from './worker-process';

const ORPHANS_POLL_MS = 50;
const COUNT_MS = 2000;

/** Has all workers do what an operator orders, and waits for all of them. */
export class CrewTraffic implements TrafficControl {
  readonly #crew: Crew;
  readonly #view: CrewView;
  readonly #links: LinkWatch;
  readonly #log: Logger;

  constructor(crew: Crew, links: LinkWatch, view: CrewView, log: Logger) {
    this.#crew = crew;
    this.#view = view;
    this.#links = links;
    this.#log = log;
  }

  async hold(holds: Holds): Promise<void> {
    await this.#everywhere({ kind: 'hold', holds });
  }

  async untilQuiet(database: string | undefined): Promise<boolean> {
    const quiet = await this.#everywhere({ kind: 'untilQuiet', database: database ?? null });
    // What dead workers have left is at PostgreSQL still.
    while (this.#links.hasOrphans(database)) await delay(ORPHANS_POLL_MS);
    return quiet.every((is) => is);
  }

  async untilFlushed(): Promise<void> {
    await this.#everywhere({ kind: 'untilFlushed' });
  }

  async reconnect(database: string | undefined): Promise<void> {
    await this.#everywhere({ kind: 'reconnect', database: database ?? null });
  }

  async untilRenewed(database: string | undefined): Promise<void> {
    await this.#everywhere({ kind: 'untilRenewed', database: database ?? null });
  }

  async kill(database: string | undefined): Promise<void> {
    await this.#everywhere({ kind: 'kill', database: database ?? null });
  }

  async killClient(id: ClientId): Promise<boolean> {
    const found = await this.#everywhere({ kind: 'killClient', client: id });
    return found.some((is) => is);
  }

  async resetStatements(): Promise<void> {
    await this.#everywhere({ kind: 'resetStatements' });
    this.#view.forgetStatements();
  }

  /** @throws Error when a worker does not answer: nobody knows what it has lent */
  async countLeases(of: ServerLeases): Promise<number> {
    // One that is starting has no clients.
    const asked = [...this.#crew.living].filter(({ phase }) => phase !== 'starting');
    const counts = await Promise.all(
      asked.map(async (worker) => {
        try {
          return await worker.channel.ask('leases', of, COUNT_MS);
        } catch (error) {
          if (worker.phase === 'gone') return 0;
          throw new Error(`worker ${worker.number} does not answer: ${reasonOf(error)}`);
        }
      }),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #everywhere(ask: TrafficAsk): Promise<readonly boolean[]> {
    return await Promise.all([...this.#crew.living].map((worker) => this.#ask(worker, ask)));
  }

  async #ask(worker: WorkerProcess, ask: TrafficAsk): Promise<boolean> {
    try {
      return await worker.channel.ask('traffic', ask, FOR_EVER_MS);
    } catch (error) {
      // With the process its clients and links are gone.
      if (worker.phase !== 'gone') {
        const reason = reasonOf(error);
        this.#log.warn(`worker ${worker.number} does not answer an operator`, {
          worker: worker.number,
          reason,
        });
      }
      return ask.kind !== 'killClient';
    }
  }
}

/** Does in one worker what `CrewTraffic` asks of it. */
export async function answerTraffic(control: TrafficControl, ask: TrafficAsk): Promise<boolean> {
  switch (ask.kind) {
    case 'hold':
      await control.hold(ask.holds);
      return true;
    case 'untilQuiet':
      return await control.untilQuiet(ask.database ?? undefined);
    case 'untilFlushed':
      await control.untilFlushed();
      return true;
    case 'reconnect':
      await control.reconnect(ask.database ?? undefined);
      return true;
    case 'untilRenewed':
      await control.untilRenewed(ask.database ?? undefined);
      return true;
    case 'kill':
      await control.kill(ask.database ?? undefined);
      return true;
    case 'resetStatements':
      await control.resetStatements();
      return true;
    case 'killClient':
      return await control.killClient(ask.client);
  }
}
