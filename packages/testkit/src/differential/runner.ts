import type { Major } from '../postgres/binaries';
import { type PlayTarget, play } from './player';
import type { KnownDifference, PoolMode, Script } from './script';
import { firstDifference, inShort, type Transcript } from './transcript';

export type Outcome =
  | { readonly kind: 'equal' }
  /** As its declaration says. */
  | { readonly kind: 'known'; readonly reason: string }
  | { readonly kind: 'different'; readonly detail: string }
  /** PostgreSQL itself does not do what the script waits for. */
  | { readonly kind: 'broken'; readonly detail: string };

export interface Result {
  readonly script: string;
  readonly mode: PoolMode;
  readonly major: Major;
  readonly outcome: Outcome;
  readonly replies: number;
}

export interface Targets {
  readonly major: Major;
  readonly direct: PlayTarget;
  /** The database of pgweir that has this mode. */
  readonly through: Readonly<Partial<Record<PoolMode, PlayTarget>>>;
  /** Puts the tables back. */
  readonly reset: () => Promise<void>;
}

export interface RunOptions {
  /** Default: all that the targets have. */
  readonly modes?: readonly PoolMode[];
  /** For each step that waits, ms. */
  readonly deadlineMs?: number;
  readonly onResult?: (result: Result) => void;
}

/** Plays each script once to PostgreSQL, and through pgweir in each of its modes. */
export async function runScripts(
  scripts: readonly Script[],
  targets: Targets,
  options: RunOptions = {},
): Promise<Result[]> {
  const results: Result[] = [];
  await targets.reset();
  for (const script of scripts) {
    if (script.majors !== undefined && !script.majors.includes(targets.major)) continue;
    for (const result of await runScript(script, targets, options)) {
      results.push(result);
      options.onResult?.(result);
    }
  }
  return results;
}

async function runScript(
  script: Script,
  targets: Targets,
  options: RunOptions,
): Promise<readonly Result[]> {
  const modes = script.modes.filter((mode) => options.modes?.includes(mode) ?? true);
  const through = modes.flatMap((mode) => {
    const target = targets.through[mode];
    return target === undefined ? [] : [{ mode, target }];
  });
  if (through.length === 0) return [];
  const limit = options.deadlineMs === undefined ? {} : { deadlineMs: options.deadlineMs };
  const playFresh = async (target: PlayTarget): Promise<Transcript> => {
    const transcript = await play(script, target, limit);
    if (script.writes === true) await targets.reset();
    return transcript;
  };
  const direct = await playFresh(targets.direct);
  const results: Result[] = [];
  for (const { mode, target } of through) {
    const outcome: Outcome =
      direct.end.kind === 'played'
        ? judge(direct, await playFresh(target), knownDifference(script, mode, targets.major))
        : { kind: 'broken', detail: `${direct.end.why}\n    ${direct.lines.join('\n    ')}` };
    const replies = direct.lines.length;
    results.push({ script: script.name, mode, major: targets.major, outcome, replies });
  }
  return results;
}

function knownDifference(
  script: Script,
  mode: PoolMode,
  major: Major,
): KnownDifference | undefined {
  return script.differences?.find(
    (each) => (each.modes?.includes(mode) ?? true) && (each.majors?.includes(major) ?? true),
  );
}

function judge(
  direct: Transcript,
  through: Transcript,
  known: KnownDifference | undefined,
): Outcome {
  const difference = firstDifference(direct.lines, through.lines);
  const why = through.end.kind === 'played' ? '' : `\n    through pgweir: ${through.end.why}`;
  const stuck = through.end.kind === 'stuck';
  if (known === undefined) {
    if (difference === undefined && !stuck) return { kind: 'equal' };
    return { kind: 'different', detail: `${difference ?? ''}${why}` };
  }
  if (difference === undefined)
    return { kind: 'different', detail: `    no longer different, though: ${known.reason}` };
  const off = firstDifference(known.through, through.lines.map(inShort));
  if (off === undefined && !stuck) return { kind: 'known', reason: known.reason };
  const detail = `    not as declared ("direct" is the declaration):\n${off ?? ''}${why}`;
  return { kind: 'different', detail };
}
