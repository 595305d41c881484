import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(__dirname, '../../../../..');

/** Folders that nobody has written by hand, and results that are what they were. */
const NOT_READ = new Set(['node_modules', 'dist', 'build', 'coverage', 'results']);

/** What stands between fences. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

/** A text at its place. */
export interface Spot {
  readonly line: number;
  readonly text: string;
}

export interface Page {
  /** Path below the top folder. */
  readonly name: string;
  readonly blocks: readonly Block[];
  /** What a link may have behind `#`. */
  readonly anchors: ReadonlySet<string>;
  readonly links: readonly Spot[];
  /** Between single backticks. */
  readonly codes: readonly Spot[];
}

/** Every page in Markdown below the top folder. */
export function readPages(): readonly Page[] {
  return pagesIn('').map((name) => parsePage(name, readFileSync(path.join(ROOT, name), 'utf8')));
}

function pagesIn(folder: string): readonly string[] {
  const found = readdirSync(path.join(ROOT, folder), { withFileTypes: true });
  return found
    .filter(({ name }) => !name.startsWith('.') && !NOT_READ.has(name))
    .flatMap((entry) => {
      const name = path.posix.join(folder, entry.name);
      if (entry.isDirectory()) return pagesIn(name);
      return name.endsWith('.md') ? [name] : [];
    });
}

const FENCE = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)/;

/** Splits a page in the Markdown of GitHub. */
export function parsePage(name: string, text: string): Page {
  const blocks: Block[] = [];
  const prose: Spot[] = [];
  let open: { fence: string; indent: string; language: string; line: number } | undefined;
  let inside: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (open !== undefined && line.trim() === open.fence) {
      const { language, line: begin } = open;
      blocks.push({ page: name, line: begin, language, text: `${inside.join('\n')}\n` });
      open = undefined;
    } else if (open !== undefined) {
      inside.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
    } else if (fence !== null) {
      const [, indent = '', mark = '', language = ''] = fence;
      open = { fence: mark, indent, language, line: at + 1 };
      inside = [];
    } else prose.push({ line: at + 1, text: line });
  }
  if (open !== undefined) throw new Error(`${name}:${open.line}: the fence is not closed`);
  return {
    name,
    blocks,
    anchors: anchorsOf(prose),
    links: spots(prose, /(?<!`)\]\(([^()\s]+(?:\([^()]*\))?)\)/g),
    codes: spots(prose, /(?<!`)`([^`]+)`(?!`)/g),
  };
}

function spots(prose: readonly Spot[], pattern: RegExp): readonly Spot[] {
  return prose.flatMap(({ line, text }) =>
    [...text.matchAll(pattern)].map((match) => ({ line, text: match[1] ?? '' })),
  );
}

/** As GitHub makes them of headings: a second one of the same name ends in `-1`. */
function anchorsOf(prose: readonly Spot[]): ReadonlySet<string> {
  const anchors = new Set<string>();
  for (const { text } of prose) {
    const heading = /^#{1,6}\s+(.*?)\s*#*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const anchor = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let name = anchor;
    for (let count = 1; anchors.has(name); count++) name = `${anchor}-${count}`;
    anchors.add(name);
  }
  return anchors;
}
