/** What is used of Bun here. */
declare const Bun: { readonly isStandaloneExecutable?: boolean } | undefined;

/**
 * Program and arguments that start this program again, up to its own arguments. One executable holds
 * its script inside, and knows only the place that it was built from.
 *
 * @param script - the path of the program's main file
 */
export function ownCommand(script: string): readonly [string, ...string[]] {
  const isExecutable = typeof Bun !== 'undefined' && Bun.isStandaloneExecutable === true;
  if (isExecutable) return [process.execPath];
  return [process.execPath, ...process.execArgv, script];
}
