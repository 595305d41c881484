import type { Logger } from '@pgweir/pooler';
import { changedNames } from './config/changes';
import type { DaemonConfig } from './config/daemon-config';
import { formatFinding } from './config/finding';
import type { Overrides } from './config/load';
import type { DaemonOptions } from './daemon-options';

/**
 * Reads the configuration again, with `changes` if there are any, and logs what there is to say about it.
 *
 * @returns undefined when it was refused: the old one stays in force
 */
export function readAgain(
  { log, reload }: DaemonOptions,
  changes?: Overrides,
): DaemonConfig | undefined {
  const result = reload(changes);
  for (const warning of result.warnings) log.warn(formatFinding(warning));
  if (result.kind === 'ok') return result.config;
  for (const problem of result.problems) log.error(formatFinding(problem));
  log.error(
    `${changes === undefined ? 'RELOAD' : 'SET'} failed: the old configuration stays in force`,
  );
  return undefined;
}

/** A reload has been applied. */
export function sayReloaded(log: Logger, before: DaemonConfig, after: DaemonConfig): void {
  const changed = changedNames(before, after).join(', ');
  log.info('configuration reloaded', { changed: changed === '' ? 'nothing' : changed });
}

interface ReloadsNeeds {
  readonly service: () => Pick<DaemonOptions['service'], 'reloading' | 'reloaded'>;
  /** @returns false when it was refused */
  readonly apply: (changes: Overrides | undefined) => Promise<boolean>;
}

/** Reloads that take time are one after the other. */
export class Reloads {
  readonly #needs: ReloadsNeeds;
  #last: Promise<boolean> = Promise.resolve(true);

  constructor(needs: ReloadsNeeds) {
    this.#needs = needs;
  }

  /** `changes`: SET has been asked for, which is no reload for the service manager. */
  run(changes?: Overrides): Promise<boolean> {
    this.#last = this.#last.then(() => this.#now(changes));
    return this.#last;
  }

  async #now(changes: Overrides | undefined): Promise<boolean> {
    const service = this.#needs.service();
    if (changes === undefined) service.reloading();
    try {
      return await this.#needs.apply(changes);
    } finally {
      service.reloaded();
    }
  }
}
