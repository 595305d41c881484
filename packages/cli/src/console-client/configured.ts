import { formatFinding } from '../config/finding';
import { loadConfig } from '../config/load';
import type { ConsoleTarget } from './console-connection';
import { findConsoles } from './find-console';

/** The console of the pgweir that a file configures, or why there is none. */
export function configuredConsole(
  file: string,
  cwd: string,
): ConsoleTarget | { readonly why: string } {
  const result = loadConfig(file, { cwd });
  if (result.kind === 'failed') {
    const [first] = result.problems.map(formatFinding);
    return { why: `${first}; --url needs no file` };
  }
  const [found] = findConsoles(result.config);
  return found ?? { why: 'nobody is in admin_users or stats_users: --url says as whom' };
}
