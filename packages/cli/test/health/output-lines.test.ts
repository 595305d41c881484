import { OutputLines } from '../../src/health/output-lines';

function heard(...writes: readonly string[]): readonly string[] {
  const lines: string[] = [];
  const output = new OutputLines((line) => lines.push(line));
  for (const text of writes) output.write(text);
  output.end();
  return lines;
}

test('lines are whole wherever what is written is cut; the last one needs no end', () => {
  expect(heard('on', 'e\ntwo', '\n', '\nthree')).toEqual(['one', 'two', '', 'three']);
  expect(heard()).toEqual([]);
});

test('a long line comes in pieces, whether it ends or not', () => {
  const lengths = (text: string) => heard(text).map(({ length }) => length);
  expect(lengths(`${'x'.repeat(2_500)}\n`)).toEqual([1000, 1000, 500]);
  expect(lengths('x'.repeat(2_500))).toEqual([1000, 1000, 500]);
});

test('control characters do not reach the log', () => {
  expect(heard('a\u001b[31mred\tb\r\n')).toEqual(['a [31mred b']);
});

test('who does not stop talking is not heard any more', () => {
  const lines = heard('x\n'.repeat(5_000));
  expect(lines).toHaveLength(201);
  expect(lines.at(-1)).toBe('further output is left out');
});
