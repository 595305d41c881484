import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdown } from './markdown';
import type { Report } from './report';

/** Writes the report as `<name>.json` and `<name>.md`; older ones of that name are replaced. */
export function writeReport(report: Report, where: { dir: string; name: string }): string[] {
  mkdirSync(where.dir, { recursive: true });
  const base = join(where.dir, where.name);
  writeFileSync(`${base}.json`, `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(`${base}.md`, markdown(report));
  return [`${base}.json`, `${base}.md`];
}
