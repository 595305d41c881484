import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What is wrong with the section of `version` in CHANGELOG.md: `## 0.2.0 (2027-01-31)`, with something
 * in it.
 */
export function changelogProblem(root: string, version: string): string | undefined {
  const text = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const sections = text.split(/^## /m).slice(1);
  const section = sections.find((candidate) => candidate.split(/\s/)[0] === version);
  if (section === undefined) return `CHANGELOG.md has no section "## ${version} (date)"`;
  const [title = '', ...lines] = section.split('\n');
  if (!lines.some((line) => line.startsWith('- '))) return `its section of ${version} is empty`;
  return /\(\d{4}-\d\d-\d\d\)$/.test(title)
    ? undefined
    : `CHANGELOG.md has no date in "## ${title}": fine for a try, not for a release`;
}
