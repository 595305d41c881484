import type {
  DatabaseName,
  PositionReport,
  PositionSource,
  PositionSubscription,
} from '@pgweir/pooler';

/** What a worker says to the positions that the supervisor has. `id`: of one of its subscriptions. */
export type PositionAsk = { readonly kind: 'positions'; readonly id: number } & (
  | { readonly ask: 'subscribe'; readonly entry: DatabaseName }
  | { readonly ask: 'want'; readonly tick: number; readonly why: 'answers' | 'news' }
  | { readonly ask: 'mindOthers'; readonly minds: boolean }
  | { readonly ask: 'noteUnflushedCommits' | 'leave' }
);

/** What the supervisor tells about them. */
export interface PositionNews {
  readonly kind: 'positions';
  readonly id: number;
  readonly report: PositionReport;
}

/** How far servers are, as the supervisor tells it, in a worker. */
export class RemotePositions implements PositionSource {
  readonly #send: (ask: PositionAsk) => void;
  readonly #listeners = new Map<number, (report: PositionReport) => void>();
  #nextId = 1;

  constructor(send: (ask: PositionAsk) => void) {
    this.#send = send;
  }

  subscribe(entry: DatabaseName, heard: (report: PositionReport) => void): PositionSubscription {
    const kind = 'positions';
    const id = this.#nextId++;
    this.#listeners.set(id, heard);
    this.#send({ kind, id, ask: 'subscribe', entry });
    return {
      want: (tick, why) => this.#send({ kind, id, ask: 'want', tick, why }),
      mindOthers: (minds) => this.#send({ kind, id, ask: 'mindOthers', minds }),
      noteUnflushedCommits: () => this.#send({ kind, id, ask: 'noteUnflushedCommits' }),
      leave: () => {
        if (this.#listeners.delete(id)) this.#send({ kind, id, ask: 'leave' });
      },
    };
  }

  heard({ id, report }: PositionNews): void {
    this.#listeners.get(id)?.(report);
  }
}

/** One who asks: a worker. */
interface Asker {
  readonly number: number;
  readonly channel: { tell(news: PositionNews): void };
}

/** Where workers ask how far servers are. */
export class PositionDesk {
  readonly #source: PositionSource;
  readonly #subscriptions = new Map<number, Map<number, PositionSubscription>>();

  constructor(source: PositionSource) {
    this.#source = source;
  }

  asked(worker: Asker, ask: PositionAsk): void {
    const subscriptions = this.#of(worker);
    const { id } = ask;
    if (ask.ask === 'subscribe') {
      const tell = (report: PositionReport): void => {
        worker.channel.tell({ kind: 'positions', id, report });
      };
      subscriptions.set(id, this.#source.subscribe(ask.entry, tell));
      return;
    }
    const subscription = subscriptions.get(id);
    if (ask.ask === 'want') subscription?.want(ask.tick, ask.why);
    else if (ask.ask === 'mindOthers') subscription?.mindOthers(ask.minds);
    else subscription?.[ask.ask]();
    if (ask.ask === 'leave') subscriptions.delete(id);
  }

  /** It has ended, in whatever way. */
  workerGone(number: number): void {
    for (const subscription of this.#subscriptions.get(number)?.values() ?? []) {
      subscription.leave();
    }
    this.#subscriptions.delete(number);
  }

  #of({ number }: Asker): Map<number, PositionSubscription> {
    const known = this.#subscriptions.get(number);
    if (known !== undefined) return known;
    const fresh = new Map<number, PositionSubscription>();
    this.#subscriptions.set(number, fresh);
    return fresh;
  }
}
