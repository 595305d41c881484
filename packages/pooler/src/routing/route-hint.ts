/** Where a comment in a text, or the setting `pgweir.route` of a session, wants statements to go. */
export type RouteHint = 'none' | 'primary' | 'replica';

const PRIMARY = Buffer.from('primary');
const REPLICA = Buffer.from('replica');
const PREFIX = Buffer.from('pgweir:');
const SPACE = 0x20;

/**
 * The hint in a comment without its marks, `buffer[start, end)`: `pgweir: primary` or `pgweir: replica`
 * and nothing else.
 */
export function hintIn(buffer: Buffer, start: number, end: number): RouteHint {
  const name = skipSpaces(buffer, start, end);
  if (!holds(buffer, name, end, PREFIX)) return 'none';
  const value = skipSpaces(buffer, name + PREFIX.length, end);
  if (isWord(buffer, value, end, PRIMARY)) return 'primary';
  return isWord(buffer, value, end, REPLICA) ? 'replica' : 'none';
}

/** Of two hints in one text the careful one counts. */
export function bothHints(a: RouteHint, b: RouteHint): RouteHint {
  if (a === 'primary' || b === 'primary') return 'primary';
  return a === 'none' ? b : a;
}

/** The whole rest is this word. */
function isWord(buffer: Buffer, at: number, end: number, word: Buffer): boolean {
  if (!holds(buffer, at, end, word)) return false;
  return skipSpaces(buffer, at + word.length, end) === end;
}

function holds(buffer: Buffer, at: number, end: number, word: Buffer): boolean {
  if (end - at < word.length) return false;
  for (let i = 0; i < word.length; i++) if (buffer[at + i] !== word[i]) return false;
  return true;
}

function skipSpaces(buffer: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (buffer[at] ?? 0) <= SPACE) at++;
  return at;
}
