import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ConsoleConnection, type ConsoleTarget } from '../console-client/console-connection';
import { readConsoleUrl } from '../console-client/console-url';
import { reasonOf } from '../system-error';
import { askPassword, Interrupted } from '../terminal/ask-password';
import { printable } from '../terminal/printable';
import type { TopOptions } from '../tools/top';
import { liveTop } from './live';
import { renderOnce } from './render';
import { readSample } from './sample';
import { firstState, withSample } from './state';

export const APPLICATION_NAME = 'pgweir top';

interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** @returns the status to exit with */
export async function top(options: TopOptions, cwd: string, streams: Streams): Promise<number> {
  const { stdin, stdout, stderr } = streams;
  const complain = (text: string): number => {
    stderr.write(`pgweir: ${printable(text)}\n`);
    return 1;
  };
  const found = findTarget(options.target, cwd);
  if ('why' in found) return complain(found.why);
  const isLive = !options.once && stdin.isTTY && stdout.isTTY;
  let opened: { readonly console: ConsoleConnection; readonly target: ConsoleTarget };
  try {
    opened = await openConsole(found, streams);
  } catch (error) {
    if (error instanceof Interrupted) return INTERRUPTED;
    return complain(`${whereOf(found)}: ${reasonOf(error)}`);
  }
  const { console, target } = opened;
  const where = whereOf(target);
  try {
    if (isLive) {
      return await liveTop({ ...{ console, target, where, stdin, stdout }, options });
    }
    for (const line of await onePage(console, where, options.intervalMs, columnsOf(stdout))) {
      stdout.write(`${line}\n`);
    }
    return 0;
  } catch (error) {
    return complain(`${where}: ${reasonOf(error)}`);
  } finally {
    console.close();
  }
}

/** As a shell counts SIGINT. */
const INTERRUPTED = 130;

function findTarget(
  target: TopOptions['target'],
  cwd: string,
): ConsoleTarget | { readonly why: string } {
  if (target.kind === 'url') {
    return readConsoleUrl(target.url, {
      readFile: (file) => readFileSync(path.resolve(cwd, file), 'utf8'),
    });
  }
  // Whoever brings a URL does not wait for all that reads a configuration.
  const reading: typeof import('../console-client/configured') = require('../console-client/configured');
  return reading.configuredConsole(target.path, cwd);
}

/** Asks for a password where one is missing and somebody is there to be asked. */
async function openConsole(
  target: ConsoleTarget,
  { stdin, stderr }: Streams,
): Promise<{ readonly console: ConsoleConnection; readonly target: ConsoleTarget }> {
  const first = new ConsoleConnection(target, APPLICATION_NAME);
  try {
    await first.open();
    return { console: first, target };
  } catch (error) {
    first.close();
    const isMissing = target.password === undefined && /password/i.test(reasonOf(error));
    if (!isMissing || !stdin.isTTY) throw error;
  }
  const password = await askPassword(`Password for user ${target.user}: `, stdin, stderr);
  const withPassword = { ...target, password };
  const second = new ConsoleConnection(withPassword, APPLICATION_NAME);
  try {
    await second.open();
  } catch (error) {
    second.close();
    throw error;
  }
  return { console: second, target: withPassword };
}

function whereOf({ host, port, user }: ConsoleTarget): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port} as ${user}`;
}

/** With one sample there are no rates. */
async function onePage(
  console: ConsoleConnection,
  where: string,
  intervalMs: number,
  columns: number,
): Promise<readonly string[]> {
  let state = firstState(where);
  state = withSample(state, await readSample(console, 'pools', undefined, Date.now));
  await new Promise((resolve) => setTimeout(resolve, intervalMs));
  state = withSample(state, await readSample(console, 'pools', state.now, Date.now));
  return renderOnce(state, columns);
}

/** Of a pipe nobody knows; COLUMNS may say. */
function columnsOf(stdout: NodeJS.WriteStream): number {
  const said = Number(process.env.COLUMNS);
  return stdout.columns ?? (Number.isInteger(said) && said > 0 ? said : WIDTH);
}

const WIDTH = 100;
