export interface Token {
  readonly kind: 'word' | 'literal' | 'symbol';
  /** Words in lower case, also quoted ones; literals without quotes and, roughly, escapes. */
  readonly text: string;
  /** Where it begins in the code. */
  readonly start: number;
}

const SPACE = /\s+/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;

/**
 * Splits code in SQL, or in a language that embeds it such as PL/pgSQL. What is not closed ends with
 * the code. Comments do not nest here: what is left of one that did counts as code.
 */
export function* tokensOf(code: string): Generator<Token> {
  let start = 0;
  while (start < code.length) {
    const skipped = endOfSpace(code, start);
    if (skipped > start) {
      start = skipped;
      continue;
    }
    const token = literalAt(code, start) ?? wordAt(code, start);
    if (token === undefined) {
      yield { kind: 'symbol', text: code.charAt(start), start };
      start++;
    } else {
      yield { kind: token.kind, text: token.text, start };
      start = token.end;
    }
  }
}

interface Found {
  readonly kind: 'word' | 'literal';
  readonly text: string;
  readonly end: number;
}

function endOfSpace(code: string, start: number): number {
  if (code.startsWith('--', start)) return endOf(code, '\n', start);
  if (code.startsWith('/*', start)) return endOf(code, '*/', start + 2);
  return start + (matchAt(SPACE, code, start)?.length ?? 0);
}

function wordAt(code: string, start: number): Found | undefined {
  const word = matchAt(WORD, code, start);
  if (word === undefined) return undefined;
  const end = start + word.length;
  if (/^e$/i.test(word) && code[end] === "'") return quotedAt(code, end, { escapes: true });
  return { kind: 'word', text: word.toLowerCase(), end };
}

function literalAt(code: string, start: number): Found | undefined {
  const first = code[start];
  if (first === "'") return quotedAt(code, start, { escapes: false });
  if (first === '"') {
    const { text, end } = quotedAt(code, start, { escapes: false });
    return { kind: 'word', text: text.toLowerCase(), end };
  }
  const tag = first === '$' ? matchAt(DOLLAR_TAG, code, start) : undefined;
  if (tag === undefined) return undefined;
  const begin = start + tag.length;
  const end = endOf(code, tag, begin);
  return { kind: 'literal', text: code.slice(begin, Math.max(begin, end - tag.length)), end };
}

/** A literal or name that begins with its quote at `start`; two quotes in it are one. */
function quotedAt(code: string, start: number, { escapes }: { readonly escapes: boolean }): Found {
  const quote = code[start];
  let text = '';
  let at = start + 1;
  for (; at < code.length; at++) {
    const char = code.charAt(at);
    if (char === quote) {
      if (code[at + 1] !== quote) break;
      at++;
    } else if (char === '\\' && escapes) {
      at++;
    }
    text += code.charAt(at);
  }
  return { kind: 'literal', text, end: at + 1 };
}

/** Behind the next `closing`, or the end of the code. */
function endOf(code: string, closing: string, from: number): number {
  const at = code.indexOf(closing, from);
  return at < 0 ? code.length : at + closing.length;
}

function matchAt(pattern: RegExp, code: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(code)?.[0];
}
