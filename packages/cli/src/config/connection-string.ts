/** One `key=value` of a connection string. */
export interface ConnectionParameter {
  readonly key: string;
  readonly value: string;
}

export type ConnectionString =
  | { readonly kind: 'ok'; readonly parameters: readonly ConnectionParameter[] }
  /** `message` never shows values: they may be passwords. */
  | { readonly kind: 'bad'; readonly message: string };

const KEY = /\s*([^\s=']+)\s*=\s*/y;
const QUOTED = /'((?:[^']|'')*)'(?=\s|$)/y;
const PLAIN = /[^\s']\S*/y;

/**
 * Reads the value of an entry of `[databases]`, `[users]` or `[peers]`: parameters with blanks between,
 * a value with blanks in 'single quotes', where '' stands for one of them. Empty values are refused.
 */
export function parseConnectionString(text: string): ConnectionString {
  const parameters: ConnectionParameter[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    const key = match(KEY, text, at);
    if (key === undefined) {
      const after = parameters.at(-1)?.key;
      return bad(after === undefined ? 'expected key=value' : `expected key=value after ${after}`);
    }
    at = key.end;
    const value = readValue(text, at);
    if (value.kind === 'bad') return bad(`${key.captured}: ${value.message}`);
    parameters.push({ key: key.captured, value: value.text });
    at = value.end;
  }
  return { kind: 'ok', parameters };
}

function bad(message: string): ConnectionString {
  return { kind: 'bad', message: `syntax error in connection string: ${message}` };
}

type ReadValue =
  | { readonly kind: 'ok'; readonly text: string; readonly end: number }
  | { readonly kind: 'bad'; readonly message: string };

function readValue(text: string, at: number): ReadValue {
  if (text[at] === "'") {
    const quoted = match(QUOTED, text, at);
    if (quoted === undefined) return { kind: 'bad', message: 'the closing quote is missing' };
    const value = quoted.captured.replaceAll("''", "'");
    return value === ''
      ? { kind: 'bad', message: 'the value is empty' }
      : { kind: 'ok', text: value, end: quoted.end };
  }
  const plain = match(PLAIN, text, at);
  if (plain === undefined) return { kind: 'bad', message: 'the value is empty' };
  // In `host= port=5432` the value is missing: the next parameter must not be taken for it.
  const afterBlank = /\s/.test(text[at - 1] ?? '');
  if (afterBlank && plain.captured.includes('=')) {
    return { kind: 'bad', message: 'the value is empty' };
  }
  return { kind: 'ok', text: plain.captured, end: plain.end };
}

function match(
  pattern: RegExp,
  text: string,
  at: number,
): { readonly captured: string; readonly end: number } | undefined {
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (found === null) return undefined;
  return { captured: found[1] ?? found[0], end: pattern.lastIndex };
}
