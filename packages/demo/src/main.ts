import { Command } from 'commander';
import { runDemo } from './demo';
import { count, port } from './flags';
import { DemoError } from './port-check';

const PARENT_CHECK_MS = 500;

interface Flags {
  readonly port: number;
  readonly pgPort: number | undefined;
  readonly pagePort: number | undefined;
  readonly load: number;
}

/** @returns the exit code */
async function main(): Promise<number> {
  const command = new Command('npm start --')
    .description('PostgreSQL 18 with a replica, and pgweir before them, until Ctrl-C')
    .option('--port <n>', 'where pgweir listens', port, 6432)
    .option('--pg-port <n>', 'where PostgreSQL listens (default: any free port)', port)
    .option('--page-port <n>', 'where the web page is (default: any free port)', port)
    .option('--load <clients>', 'clients that run transactions all the time', count, 0)
    .parse();
  const flags = command.opts<Flags>();
  const stop = new AbortController();
  // The handlers stay: a second Ctrl-C must not cut the clean-up short.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop.abort());
  }
  stopWithNpm(stop);
  try {
    const { port, pgPort, pagePort, load } = flags;
    const options = { port, pgPort, pagePort, load, stop: () => stop.abort() };
    await runDemo(options, stop.signal);
    return 0;
  } catch (error) {
    console.error(error instanceof DemoError ? error.message : error);
    return 1;
  }
}

/** npm passes its signals to a shell between us, which may end without telling us. */
function stopWithNpm(stop: AbortController): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid !== parent) stop.abort();
  }, PARENT_CHECK_MS);
  timer.unref();
}

main().then(
  // Nothing should be left that keeps the process; what is printed must get out, though.
  (code) => process.stdout.write('', () => process.exit(code)),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
