import type { DatabaseName } from '@pgweir/pooler';

interface Line {
  readonly cluster: object;
  readonly clusterEpoch: number;
  readonly epoch: number;
}

/**
 * The epochs of databases. A cluster counts its own; a database that comes to another cluster by a
 * reload must not go back, and the links that it has may be to another primary.
 */
export class EpochBook {
  readonly #lines = new Map<DatabaseName, Line>();

  epochOf(database: DatabaseName, cluster: object, clusterEpoch: number): number {
    const before = this.#lines.get(database);
    const epoch = epochAfter(before, cluster, clusterEpoch);
    this.#lines.set(database, { cluster, clusterEpoch, epoch });
    return epoch;
  }

  keepOnly(databases: ReadonlySet<DatabaseName>): void {
    for (const database of this.#lines.keys()) {
      if (!databases.has(database)) this.#lines.delete(database);
    }
  }
}

function epochAfter(before: Line | undefined, cluster: object, clusterEpoch: number): number {
  if (before === undefined) return clusterEpoch;
  if (before.cluster !== cluster) return before.epoch + 1;
  return before.epoch + clusterEpoch - before.clusterEpoch;
}
