import type { AuthCountView } from '../ports/daemon-view';
import { Tally } from './tally';

/** There are not half as many methods. */
const METHODS_MAX = 40;
const RESULTS = ['ok', 'failed'] as const;

/** How often clients have proved who they are, and how often they could not, by method. */
export class AuthCounts {
  readonly #byResult = { ok: new Tally(METHODS_MAX), failed: new Tally(METHODS_MAX) };

  /** `method` undefined: it did not come so far that one was chosen. */
  count(result: AuthCountView['result'], method: string | undefined): void {
    this.#byResult[result].add(method ?? 'none');
  }

  view(): readonly AuthCountView[] {
    return RESULTS.flatMap((result) =>
      [...this.#byResult[result].entries].map(([method, count]) => ({ method, result, count })),
    );
  }
}
