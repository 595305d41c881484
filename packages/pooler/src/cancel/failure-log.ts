import type { Clock } from '../ports/clock';
import type { LogFields } from '../ports/log-fields';
import type { Logger } from '../ports/logger';

/** Failures of one source that are logged in one window. */
const FAILURES_MAX = 20;
const WINDOW_MS = 10_000;
const SOURCES_MAX = 10_000;

interface Needs {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Logs cancel requests that have come to nothing; those of one source beyond a limit it does not. */
export class FailureLog {
  readonly #needs: Needs;
  readonly #failures = new Map<string, number>();
  #windowStartMs = 0;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** `fields` name the source. */
  add(message: string, fields: LogFields): void {
    const { clock, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (nowMs - this.#windowStartMs > WINDOW_MS || this.#failures.size > SOURCES_MAX) {
      this.#failures.clear();
      this.#windowStartMs = nowMs;
    }
    const source = `${fields.peer ?? ''} ${fields.address ?? ''}`;
    const failures = (this.#failures.get(source) ?? 0) + 1;
    this.#failures.set(source, failures);
    if (failures <= FAILURES_MAX) log.info(message, fields);
    else if (failures === FAILURES_MAX + 1) log.warn('too many failed cancel requests', fields);
  }
}
