import type { IdentEntry } from '@pgweir/pooler';
import { type Findings, quoted } from '../finding';
import { readRuleLines } from './rule-lines';
import { LineFault, type TokenCursor } from './rule-tokens';

export type IdentMaps = ReadonlyMap<string, readonly IdentEntry[]>;

const ENTRIES_MAX = 100_000;

/**
 * Reads an ident file: `map-name system-name user` on each line, where the user may be `all`. Every bad
 * line is a problem, and the others are still read.
 */
export function readIdentFile(text: string, file: string, findings: Findings): IdentMaps {
  const maps = new Map<string, IdentEntry[]>();
  const options = { findings, max: ENTRIES_MAX, noun: 'lines' };
  for (const { mapName, entry } of readRuleLines(text, file, options, readEntry)) {
    const known = maps.get(mapName);
    if (known === undefined) maps.set(mapName, [entry]);
    else known.push(entry);
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
