import { daemonProgram } from '@pgweir/testkit';
import { VERSION } from 'pgweir';
import type { Contestant } from './contestant';
import { pooler } from './pooler';
import type { Runtime } from './runtime';

export interface PgweirOptions {
  readonly runtime: Runtime;
  /** undefined: the setting is left out. */
  readonly workers: number | undefined;
  /** Where to leave a CPU profile of each daemon, which costs some speed. */
  readonly profileDir: string | undefined;
}

export function pgweir({ runtime, workers, profileDir }: PgweirOptions): Contestant {
  const flags = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return pooler({
    name: pgweirName(runtime.name, workers),
    version: `${VERSION}, ${runtime.version}`,
    command: [runtime.path, ...flags, daemonProgram()],
    settings: workers === undefined ? [] : [`workers = ${workers}`],
  });
}

/** As it stands in the report, where the targets look for it. */
export function pgweirName(runtime: Runtime['name'], workers?: number): string {
  return workers === undefined ? `pgweir-${runtime}` : `pgweir-${runtime}-w${workers}`;
}
