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
