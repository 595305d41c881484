import type { LoadResult } from './config/daemon-config';
import { type Finding, formatFinding } from './config/finding';

/** What `--check` prints, and how it exits. */
export interface CheckReport {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Every problem, then every warning and note, and a verdict as the last line. */
export function checkReport(result: LoadResult, configPath: string): CheckReport {
  const problems = result.kind === 'failed' ? result.problems : [];
  const lines = [...problems, ...result.warnings, ...result.notes].map(formatFinding);
  const counts = [
    counted(problems, 'problem'),
    counted(result.warnings, 'warning'),
    counted(result.notes, 'note'),
  ].join(', ');
  const verdict = result.kind === 'ok' ? 'can be used' : 'cannot be used';
  return {
    code: result.kind === 'ok' ? 0 : 1,
    stdout: `${configPath} ${verdict}: ${counts}\n`,
    stderr: lines.map((line) => `${line}\n`).join(''),
  };
}

function counted(findings: readonly Finding[], noun: string): string {
  return `${findings.length} ${noun}${findings.length === 1 ? '' : 's'}`;
}
