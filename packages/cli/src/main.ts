import { readCommandLine } from './command-line';
import { stderrIsJournal, withPriority } from './log/journal';
import { ownCommand } from './process/own-command';
import { takeServiceEnvironment } from './service/service-environment';
import { stackOf } from './system-error';
import { runTool } from './tools/run-tool';

const isJournal = stderrIsJournal(process.env);

/** What is said before there is a log: why nothing starts. */
function complaint(text: string): string {
  return isJournal ? withPriority('error', text) : text;
}

async function main(): Promise<number> {
  const order = readCommandLine(process.argv.slice(2));
  const cwd = process.cwd();
  switch (order.kind) {
    case 'exit':
      process.stdout.write(order.stdout);
      process.stderr.write(order.stderr);
      return order.code;
    case 'check': {
      const { checkReport }: typeof import('./check') = require('./check');
      const { loadConfig }: typeof import('./config/load') = require('./config/load');
      const report = checkReport(loadConfig(order.configPath, { cwd }), order.configPath);
      process.stderr.write(report.stderr);
      process.stdout.write(report.stdout);
      return report.code;
    }
    case 'worker': {
      const {
        runWorker,
      }: typeof import('./workers/worker-main') = require('./workers/worker-main');
      return runWorker();
    }
    case 'run': {
      const { runDaemon }: typeof import('./daemon') = require('./daemon');
      const { start }: typeof import('./start') = require('./start');
      return start({
        run: order.run,
        cwd,
        self: ownCommand(__filename),
        stderr: (text) => process.stderr.write(complaint(text)),
        service: takeServiceEnvironment(process.env, process.pid),
        runDaemon,
      });
    }
    default:
      return runTool(order);
  }
}

void main().then(
  (code) => {
    // Standard streams may still hold output; nothing else should keep the process.
    process.exitCode = code;
    process.stdout.write('', () => process.stderr.write('', () => process.exit()));
  },
  (error: unknown) => {
    process.stderr.write(`pgweir: ${stackOf(error)}\n`);
    process.exitCode = 1;
  },
);
