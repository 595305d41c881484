import { fstatSync } from 'node:fs';
import type { Level } from './format';
import { PRIORITIES } from './priorities';

const STDERR = 2;

/** Whether what is written to stderr ends up in the journal: JOURNAL_STREAM of systemd.exec(5). */
export function stderrIsJournal(env: NodeJS.ProcessEnv): boolean {
  const stream = env.JOURNAL_STREAM;
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(STDERR, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    // It has been closed: then it is nobody's.
    return false;
  }
}

/** Each line of `text` with its level, as sd-daemon(3) has it. */
export function withPriority(level: Level, text: string): string {
  return text.replace(/^(?=.)/gm, `<${PRIORITIES[level]}>`);
}
