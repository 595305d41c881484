/** A key as it was pressed: a character, or the name of what is none. */
export type Key =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'named'; readonly name: KeyName };

export type KeyName =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'page-up'
  | 'page-down'
  | 'home'
  | 'end'
  | 'tab'
  | 'back-tab'
  | 'enter'
  | 'escape'
  | 'backspace'
  | 'interrupt'
  | 'suspend'
  | 'redraw';

const SEQUENCES: Readonly<Record<string, KeyName>> = {
  '[A': 'up',
  OA: 'up',
  '[B': 'down',
  OB: 'down',
  '[C': 'right',
  OC: 'right',
  '[D': 'left',
  OD: 'left',
  '[5~': 'page-up',
  '[6~': 'page-down',
  '[H': 'home',
  OH: 'home',
  '[1~': 'home',
  '[F': 'end',
  OF: 'end',
  '[4~': 'end',
  '[Z': 'back-tab',
};

const CONTROLS: Readonly<Record<string, KeyName>> = {
  '\t': 'tab',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
  '\u0004': 'interrupt',
  '\u001a': 'suspend',
  '\f': 'redraw',
};

const ESCAPE = '\u001b';
const SEQUENCE = /^(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z])/;

/** What a terminal sent. Sequences that mean nothing here are left out. */
export function readKeys(input: string): readonly Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < input.length; ) {
    const character = String.fromCodePoint(input.codePointAt(at) ?? 0);
    at += character.length;
    if (character === ESCAPE) {
      const sequence = SEQUENCE.exec(input.slice(at))?.[0] ?? '';
      at += sequence.length;
      const name = sequence === '' ? 'escape' : SEQUENCES[sequence];
      if (name !== undefined) keys.push({ kind: 'named', name });
      continue;
    }
    const name = CONTROLS[character];
    if (name !== undefined) keys.push({ kind: 'named', name });
    else if (!/\p{C}/u.test(character)) keys.push({ kind: 'text', text: character });
  }
  return keys;
}
