import type { IdentEntry } from '@pgweir/pooler';
import { type Findings, quoted } from '../finding';
import { LineFault, linesOf, TokenCursor } from './rule-tokens';

export type IdentMaps = ReadonlyMap<string, readonly IdentEntry[]>;

const ENTRIES_MAX = 100_000;
const BAD_LINES_MAX = 100;

/**
 * Reads an ident file: `map-name system-name user` on each line, where the user may be `all`. Every bad
 * line is a problem, and the others are still read.
 */
export function readIdentFile(text: string, file: string, findings: Findings): IdentMaps {
  const maps = new Map<string, IdentEntry[]>();
  let entries = 0;
  let badLines = 0;
  for (const [index, line] of linesOf(text).entries()) {
    const place = { file, line: index + 1 };
    try {
      const cursor = new TokenCursor(line);
      if (cursor.atEnd) continue;
      entries += 1;
      if (entries > ENTRIES_MAX) throw new LineFault(`more than ${ENTRIES_MAX} lines`);
      const { mapName, entry } = readEntry(cursor);
      const known = maps.get(mapName);
      if (known === undefined) maps.set(mapName, [entry]);
      else known.push(entry);
    } catch (error) {
      if (!(error instanceof LineFault)) throw error;
      findings.problem(place, error.message);
      badLines += 1;
      if (badLines < BAD_LINES_MAX) continue;
      findings.problem(place, `${BAD_LINES_MAX} bad lines: the rest is not read`);
      break;
    }
  }
  return maps;
}

function readEntry(cursor: TokenCursor): {
  readonly mapName: string;
  readonly entry: IdentEntry;
} {
  const mapName = cursor.name('the name of the map').text;
  const system = cursor.name('the name that the system or the certificate has');
  const user = cursor.name('the name of the user');
  if (!cursor.atEnd) throw new LineFault('expected three names: map, system name, user');
  for (const { text } of [system, user]) if (text === '') throw new LineFault('a name is empty');
  if (mapName === '') throw new LineFault('a name is empty');
  for (const { kind, text } of [system, user]) {
    if (kind === 'word' && text.startsWith('/')) {
      throw new LineFault(`${quoted(text)}: regular expressions are not supported`);
    }
  }
  if (user.kind === 'word' && user.text.startsWith('+')) {
    throw new LineFault(`${quoted(user.text)}: roles are not asked for members`);
  }
  const everyone = user.kind === 'word' && user.text === 'all';
  return {
    mapName,
    entry: { systemName: system.text, user: everyone ? undefined : user.text },
  };
}
