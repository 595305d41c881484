import type { DatabaseName } from '../../src/ports/names';
import type {
  PositionReport,
  PositionSource,
  PositionSubscription,
  ReplicaReport,
} from '../../src/ports/position-source';
import type { ServerEndpoint } from '../../src/ports/topology-source';

export const R1: ServerEndpoint = { host: 'r1', port: 5432, role: 'replica' };
export const R2: ServerEndpoint = { host: 'r2', port: 5432, role: 'replica' };

export function replica(
  { host, port }: ServerEndpoint,
  known: Partial<ReplicaReport> = {},
): ReplicaReport {
  return { host, port, incarnation: 1, replayed: 0, covers: 1, lagMs: 0, ...known };
}

/** Tells what a test says, and keeps what it is asked for. */
export class HandPositions implements PositionSource {
  readonly wanted: { readonly tick: number; readonly why: 'answers' | 'news' }[] = [];
  mindsOthers = false;
  commitsUnflushed = false;
  isLeft = false;
  #heard: (report: PositionReport) => void = () => undefined;
  #last: PositionReport = {
    ...{ epoch: 1, systemIdentifier: '77', timeline: 1, covers: 1, primary: undefined },
    ...{ replicas: [], othersBegun: 0, othersCovered: 0 },
  };

  subscribe(_entry: DatabaseName, heard: (report: PositionReport) => void): PositionSubscription {
    this.#heard = heard;
    return {
      want: (tick, why) => void this.wanted.push({ tick, why }),
      mindOthers: (minds) => {
        this.mindsOthers = minds;
      },
      noteUnflushedCommits: () => {
        this.commitsUnflushed = true;
      },
      leave: () => {
        this.isLeft = true;
      },
    };
  }

  /** The last report, with changes. */
  tell(changes: Partial<PositionReport>): void {
    this.#last = { ...this.#last, ...changes };
    this.#heard(this.#last);
  }
}
