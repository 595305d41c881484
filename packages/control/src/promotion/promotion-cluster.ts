import type { DatabaseName } from '@pgweir/pooler';
import type { ServerKey } from '../server-key';
import type { ClusterWatch } from '../watch/cluster-watch';
import { type Field, fieldOf, type Loss, lossIn } from './loss';
import type { PromotionView } from './promotion-view';

/** A cluster whose primary may be replaced, as far as its watch has to do with it. */
export interface PromotionCluster {
  /** All entries of the configuration whose work it concerns. */
  readonly databases: readonly DatabaseName[];
  readonly systemIdentifier: string | undefined;
  readonly loss: Loss | undefined;
  /** Who may take its place now. */
  field(loss: Loss): Field;
  /** Who is primary, or was before it was lost. */
  readonly accepted: ServerKey | undefined;
  /** Who takes writes now. */
  readonly primary: ServerKey | undefined;
  /** A planned switchover is under way. */
  readonly isSwitching: boolean;
  /** Has all servers asked at once. */
  look(): void;
  show(view: PromotionView | undefined): void;
  /** The failover that is under way, or the last one, was made by this process. */
  claim(): void;
}

/** The watch of a list of servers, seen from a promotion. */
export class WatchedPromotion implements PromotionCluster {
  readonly #watch: ClusterWatch;
  readonly #databases: () => readonly DatabaseName[];

  constructor(watch: ClusterWatch, databases: () => readonly DatabaseName[]) {
    this.#watch = watch;
    this.#databases = databases;
  }

  get databases(): readonly DatabaseName[] {
    return this.#databases();
  }

  get systemIdentifier(): string | undefined {
    return this.#watch.decision.settled.systemIdentifier;
  }

  get loss(): Loss | undefined {
    return lossIn(this.#watch);
  }

  field(loss: Loss): Field {
    return fieldOf(this.#watch, loss);
  }

  get accepted(): ServerKey | undefined {
    return this.#watch.decision.settled.primary?.key;
  }

  get primary(): ServerKey | undefined {
    return this.#watch.decision.primary;
  }

  get isSwitching(): boolean {
    return this.#watch.isSwitching;
  }

  look(): void {
    this.#watch.look();
  }

  show(view: PromotionView | undefined): void {
    this.#watch.showPromotion(view);
  }

  claim(): void {
    this.#watch.failovers.claimLast();
  }
}
