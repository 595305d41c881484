import * as fc from 'fast-check';
import { parseOptions } from '../src';

const UNSUPPORTED = {
  error:
    "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed",
};

test.each([
  ['', []],
  ['  \t\n\v\f\r ', []],
  ['-c work_mem=5MB', [['work_mem', '5MB']]],
  ['-cwork_mem=5MB', [['work_mem', '5MB']]],
  ['--work_mem=5MB', [['work_mem', '5MB']]],
  ['--work-mem=5-MB', [['work_mem', '5-MB']]],
  ['-c work-mem=5MB', [['work_mem', '5MB']]],
  [
    '  -c a=1  --b=2\t-cc=3 ',
    [
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
    ],
  ],
  ['-c search_path=a,b', [['search_path', 'a,b']]],
  ['-c a=x=y', [['a', 'x=y']]],
  ['-c a=', [['a', '']]],
  ['-c a=two\\ words', [['a', 'two words']]],
  ['-c a=b\\\\c', [['a', 'b\\c']]],
  ['-c\\ a=1', [[' a', '1']]],
  ['--a=\\-x', [['a', '-x']]],
  ['-c a=b\\', [['a', 'b']]],
  ["-c a='b'", [['a', "'b'"]]],
  [
    '-c a=1 -c a=2',
    [
      ['a', '1'],
      ['a', '2'],
    ],
  ],
])('%j is understood', (text, settings) => {
  expect(parseOptions(text)).toEqual({ settings });
});

test.each([
  '-c',
  '-c a',
  '--a',
  '--',
  '-',
  'a=1',
  '-d a=1',
  '-C a=1',
  '-c =1',
  '--=1',
  '-c a=1 b=2',
])('%j is refused', (text) => {
  expect(parseOptions(text)).toEqual(UNSUPPORTED);
});

test('any value survives when its white space and backslashes are escaped', () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_.]{0,10}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.string())), (settings) => {
      const text = settings
        .map(([key, value]) => `-c ${key}=${value.replaceAll(/[\s\\]/g, '\\$&')}`)
        .join(' ');
      expect(parseOptions(text)).toEqual({ settings });
    }),
  );
});

test('any text is settings or the error, without an exception', () => {
  const pieces = fc.constantFrom('-c', ' ', '--', '=', '\\', 'a', '\t', '-', '\u00e9');
  fc.assert(
    fc.property(fc.array(pieces), (parts) => {
      const result = parseOptions(parts.join(''));
      if ('error' in result) expect(result).toEqual(UNSUPPORTED);
      else for (const [key] of result.settings) expect(key).not.toBe('');
    }),
  );
});
