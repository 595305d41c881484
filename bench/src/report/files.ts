import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartsOf } from './charts';
import { markdown } from './markdown';
import type { Report } from './report';

/** Writes `<name>.json`, `<name>.md` and `<name>-<chart>.svg`; older ones are replaced. */
export function writeReport(report: Report, where: { dir: string; name: string }): string[] {
  const { dir, name } = where;
  mkdirSync(dir, { recursive: true });
  const files = [
    { path: join(dir, `${name}.json`), text: `${JSON.stringify(report, undefined, 2)}\n` },
    { path: join(dir, `${name}.md`), text: markdown(report, name) },
    ...chartsOf(report).map(({ key, svg }) => ({
      path: join(dir, `${name}-${key}.svg`),
      text: svg,
    })),
  ];
  for (const { path, text } of files) writeFileSync(path, text);
  return files.map(({ path }) => path);
}
