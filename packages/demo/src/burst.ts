import { Command } from 'commander';
import { positiveInteger } from './flags';
import { type BurstResult, runBurst } from './run-burst';

const command = new Command('burst')
  .description('many clients that connect at once, run a short transaction each and leave')
  .requiredOption('--url <url>', 'whom to connect to: postgres://user:password@host:port/database')
  .option('--clients <n>', 'how many at once', positiveInteger, 1000)
  .option('--rounds <n>', 'how often', positiveInteger, 10);

async function main(): Promise<number> {
  command.parse();
  const { url, clients, rounds } = command.opts<{ url: string; clients: number; rounds: number }>();
  const target = parseUrl(url);
  console.log(`${clients} clients at once, ${rounds} rounds, ${target.host}:${target.port}`);
  const result = await runBurst({
    ...target,
    clients,
    rounds,
    onRound: ({ round, elapsedMs, errors }) =>
      console.log(`round ${round}: ${elapsedMs.toFixed(0)} ms, ${errors} errors`),
  });
  console.log(report(result));
  return result.errors.size === 0 ? 0 : 1;
}

function parseUrl(text: string): {
  host: string;
  port: number;
  user: string;
  database: string;
  password: string;
} {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol) || url.username === '') {
    return command.error('error: --url must read postgres://user:password@host:port/database');
  }
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1',
    port: Number(url.port || 5432),
    user,
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    password: decodeURIComponent(url.password),
  };
}

function report(result: BurstResult): string {
  const failed = [...result.errors.values()].reduce((sum, count) => sum + count, 0);
  const lines = [...result.errors]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 10)
    .map(([text, count]) => `  ${count} × ${text}`);
  const perSecond = (result.served / result.elapsedMs) * 1000;
  return [
    `${result.served} served, ${failed} errors, ${result.elapsedMs.toFixed(0)} ms ` +
      `(${perSecond.toFixed(0)} clients/s)`,
    ...lines,
    `connect to last answer: p50 ${result.p50Ms.toFixed(0)} ms, ` +
      `p99 ${result.p99Ms.toFixed(0)} ms, max ${result.maxMs.toFixed(0)} ms`,
  ].join('\n');
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
