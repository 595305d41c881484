import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, makeScratch } from '@pgweir/testkit';
import { fetchFrom } from './http';

export interface RunningPrometheus {
  readonly port: number;
  /** The value of the first series; NaN: there is none yet. */
  ask(query: string): Promise<number>;
  stop(): Promise<void>;
}

/** What it is to scrape on this machine. */
export function scrapeConfigs(target: number): string {
  return [
    'scrape_configs:',
    '  - job_name: pgweir',
    '    static_configs:',
    `      - targets: ["127.0.0.1:${target}"]`,
    '',
  ].join('\n');
}

/** A Prometheus that scrapes every second. It keeps everything in a folder of its own. */
export async function startPrometheus(scrapes: string): Promise<RunningPrometheus> {
  const scratch = makeScratch();
  const port = await freePort();
  const config = join(scratch.dir, 'prometheus.yml');
  writeFileSync(config, `global: {scrape_interval: 1s}\n${scrapes}`);
  const child: ChildProcess = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(scratch.dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore', cwd: scratch.dir },
  );
  const gone = once(child, 'exit');
  return {
    port,
    async ask(query) {
      try {
        const { body } = await fetchFrom(port, `/api/v1/query?query=${encodeURIComponent(query)}`);
        return Number(JSON.parse(body).data?.result[0]?.value[1]);
      } catch {
        // It does not listen yet.
        return Number.NaN;
      }
    },
    async stop() {
      child.kill('SIGKILL');
      await gone;
      scratch.remove();
    },
  };
}
