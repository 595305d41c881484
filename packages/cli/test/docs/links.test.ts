import { existsSync } from 'node:fs';
import path from 'node:path';
import { parsePage, ROOT, readPages } from '../support/docs/pages';

const PAGES = readPages();
const BY_NAME = new Map(PAGES.map((page) => [page.name, page]));

/** What a link inside the repository leads to, or why it leads nowhere. */
function problemOf(from: string, target: string): string | undefined {
  const [file = '', anchor] = target.split('#');
  const name = file === '' ? from : path.posix.join(path.posix.dirname(from), decodeURI(file));
  if (!existsSync(path.join(ROOT, name))) return `there is no ${name}`;
  if (anchor === undefined) return undefined;
  const page = BY_NAME.get(name);
  if (page === undefined) return `${name} is no page, so it has no #${anchor}`;
  return page.anchors.has(anchor) ? undefined : `${name} has no heading #${anchor}`;
}

test.each(PAGES)('links of $name lead to files and headings that are there', ({ name, links }) => {
  const inside = links.filter(({ text }) => !/^[a-z]+:/.test(text));
  const broken = inside.flatMap(({ line, text }) => {
    const problem = problemOf(name, text);
    return problem === undefined ? [] : [`${name}:${line}: (${text}): ${problem}`];
  });
  expect(broken).toEqual([]);
});

test('a link to what is not there is found', () => {
  expect(problemOf('docs/logs.md', 'nothing.md')).toBe('there is no docs/nothing.md');
  expect(problemOf('docs/logs.md', '../README.md#no-such')).toContain('no heading #no-such');
  expect(problemOf('docs/logs.md', '#format')).toBeUndefined();
});

test('a page is split as GitHub does', () => {
  const page = parsePage(
    'x.md',
    '# A `b`, c\n\n## Same\n## Same\n[t](u.md#v) `code`\n\n  ```sh\n  one\n    two\n  ```\n',
  );
  expect(page).toEqual({
    name: 'x.md',
    blocks: [{ page: 'x.md', line: 7, language: 'sh', text: 'one\n  two\n' }],
    anchors: new Set(['a-b-c', 'same', 'same-1']),
    links: [{ line: 5, text: 'u.md#v' }],
    codes: [
      { line: 1, text: 'b' },
      { line: 5, text: 'code' },
    ],
  });
});
