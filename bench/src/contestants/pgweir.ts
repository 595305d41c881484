import { daemonProgram } from '@pgweir/testkit';
import { VERSION } from 'pgweir';
import type { Contestant } from './contestant';
import { pooler } from './pooler';
import type { Runtime } from './runtime';

/** With so many workers, without following session state, or as it is by default. */
export type PgweirVariant = { readonly workers: number } | 'leak' | 'default';

export interface PgweirOptions {
  readonly runtime: Runtime;
  readonly variant: PgweirVariant;
  /** Where to leave a CPU profile of each daemon, which costs some speed. */
  readonly profileDir: string | undefined;
}

export function pgweir({ runtime, variant, profileDir }: PgweirOptions): Contestant {
  const flags = profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  return pooler({
    name: pgweirName(runtime.name, variant),
    version: `${VERSION}, ${runtime.version}`,
    command: [runtime.path, ...flags, daemonProgram()],
    settings: settingsOf(variant),
  });
}

function settingsOf(variant: PgweirVariant): readonly string[] {
  if (variant === 'default') return [];
  return variant === 'leak' ? ['session_state = leak'] : [`workers = ${variant.workers}`];
}

/** As it stands in the report, where the targets look for it. */
export function pgweirName(runtime: Runtime['name'], variant: PgweirVariant = 'default'): string {
  if (variant === 'default') return `pgweir-${runtime}`;
  return `pgweir-${runtime}-${variant === 'leak' ? variant : `w${variant.workers}`}`;
}
