import type { ServerAddress } from '../observation';
import { ServerProber, type ServerProberNeeds } from './server-prober';

export type PgProberNeeds = Omit<ServerProberNeeds, 'address' | 'disturbed'>;

/** Makes probers of one cluster's servers, which are all asked in the same way. */
export class PgProber {
  readonly #needs: PgProberNeeds;

  constructor(needs: PgProberNeeds) {
    this.#needs = needs;
  }

  /** The first probe connects; `disturbed`: the connection was lost between two probes. */
  open(address: ServerAddress, disturbed: (reason: string) => void): ServerProber {
    return new ServerProber({ ...this.#needs, address, disturbed });
  }
}
