import { readKeys } from '../../src/terminal/keys';
import { printable } from '../../src/terminal/printable';
import { fitted, textWidth } from '../../src/terminal/text-width';

test.each([
  ['plain', 'plain'],
  ['\u001b[2J\u001b]0;title\u0007', '?[2J?]0;title?'],
  ['\u009b31mred', '?31mred'],
  ['a\tb\u00a0c\u2028d\r\n', 'a b c d??'],
  ['right\u202eto left\u200b', 'right?to left?'],
  ['e\u0301', '\u00e9'],
  ['z\u0335\u0336\u0337', 'z???'],
  ['\ud800 alone', '? alone'],
  ['日本語 🐘', '日本語 🐘'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  ['abc', 3],
  ['日本', 4],
  ['🐘', 2],
  ['é', 1],
])('%s takes %i columns', (text, width) => {
  expect(textWidth(text)).toBe(width);
});

test.each([
  ['abc', 5, 'abc  '],
  ['abcdef', 4, 'abc~'],
  ['日本語', 4, '日~ '],
  ['日本語', 5, '日本~'],
  ['abc', 0, ''],
] as const)('%s in %i columns is %j', (text, width, line) => {
  expect(fitted(text, width)).toBe(line);
  expect(textWidth(fitted(text, width))).toBe(width);
});

const named = (name: string) => ({ kind: 'named', name });
const text = (character: string) => ({ kind: 'text', text: character });

test.each([
  ['q/', [text('q'), text('/')]],
  ['\u001b[A\u001bOB', [named('up'), named('down')]],
  ['\u001b', [named('escape')]],
  ['\u001b[99~x', [text('x')]],
  ['\u0003\u001a\u007f', [named('interrupt'), named('suspend'), named('backspace')]],
  ['\u0001\u0002é', [text('é')]],
])('%j is read as keys', (input, keys) => {
  expect(readKeys(input)).toEqual(keys);
});
