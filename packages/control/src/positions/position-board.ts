import type {
  Clock,
  DatabaseName,
  Logger,
  PositionReport,
  PositionSource,
  PositionSubscription,
} from '@pgweir/pooler';
import type { ClusterWatch } from '../watch/cluster-watch';
import { ClusterSampling, type PlaceOf } from './cluster-sampling';
import { Sequence, Subscriber } from './subscriber';

export interface PositionBoardNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  /** undefined: the roles of its servers are not followed */
  readonly clusterOf: (database: DatabaseName) => ClusterWatch | undefined;
  readonly placeOf: PlaceOf;
  /** All that there are. */
  readonly clusters: () => readonly ClusterWatch[];
}

/** Tells those who ask how far the servers of their entries are, and has them sampled. */
export class PositionBoard implements PositionSource {
  readonly #needs: PositionBoardNeeds;
  readonly #sequence = new Sequence();
  readonly #subscribers = new Set<Subscriber>();
  readonly #samplings = new Map<ClusterWatch, ClusterSampling>();

  constructor(needs: PositionBoardNeeds) {
    this.#needs = needs;
  }

  subscribe(database: DatabaseName, heard: (report: PositionReport) => void): PositionSubscription {
    const tell = (report: PositionReport): void => {
      if (this.#subscribers.has(subscriber)) heard(report);
    };
    const subscriber = new Subscriber({ database, tell, at: this.#sequence.next() });
    this.#subscribers.add(subscriber);
    this.#soon(() => this.#samplingOf(subscriber)?.tell(subscriber));
    return {
      want: (tick, why) => {
        subscriber.begin(tick, this.#sequence.next());
        if (why === 'answers') this.#tellOthers(subscriber);
        this.#samplingOf(subscriber)?.step();
      },
      mindOthers: (minds) => {
        subscriber.mindsOthers = minds;
        subscriber.othersBegin(this.#sequence.next());
        this.#soon(() => this.#samplingOf(subscriber)?.changed());
      },
      noteUnflushedCommits: () => {
        subscriber.commitsUnflushed = true;
      },
      leave: () => void this.#subscribers.delete(subscriber),
    };
  }

  /** Something is known of clusters or entries that was not. */
  changed(): void {
    const clusters = new Set(this.#needs.clusters());
    for (const [watch, sampling] of this.#samplings) {
      if (clusters.has(watch)) continue;
      sampling.close();
      this.#samplings.delete(watch);
    }
    for (const { database } of this.#subscribers) {
      const watch = this.#needs.clusterOf(database);
      if (watch !== undefined) this.#open(watch);
    }
    for (const sampling of this.#samplings.values()) sampling.changed();
  }

  close(): void {
    this.#subscribers.clear();
    for (const sampling of this.#samplings.values()) sampling.close();
    this.#samplings.clear();
  }

  /** Those who have to have whatever anybody was answered. */
  #tellOthers(than: Subscriber): void {
    const watch = this.#needs.clusterOf(than.database);
    const sampling = this.#samplingOf(than);
    for (const subscriber of [...this.#subscribers]) {
      if (subscriber === than || !subscriber.mindsOthers) continue;
      if (this.#needs.clusterOf(subscriber.database) !== watch) continue;
      subscriber.othersBegin(this.#sequence.next());
      sampling?.tell(subscriber);
    }
  }

  #samplingOf({ database }: Subscriber): ClusterSampling | undefined {
    const watch = this.#needs.clusterOf(database);
    return watch && this.#open(watch);
  }

  #open(watch: ClusterWatch): ClusterSampling {
    const known = this.#samplings.get(watch);
    if (known !== undefined) return known;
    const subscribers = (): Iterable<Subscriber> =>
      [...this.#subscribers].filter(({ database }) => this.#needs.clusterOf(database) === watch);
    const { clock, log, placeOf } = this.#needs;
    const needs = { clock, log, placeOf, subscribers, sequence: this.#sequence };
    const sampling = new ClusterSampling(watch, needs);
    this.#samplings.set(watch, sampling);
    return sampling;
  }

  /** Nobody is told anything within his own call. */
  #soon(run: () => void): void {
    this.#needs.clock.after(0, run);
  }
}
