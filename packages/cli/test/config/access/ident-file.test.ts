import * as fc from 'fast-check';
import { readIdentFile } from '../../../src/config/access/ident-file';
import { Findings } from '../../../src/config/finding';

function read(text: string) {
  const findings = new Findings();
  const maps = readIdentFile(text, 'ident.conf', findings);
  const problems = findings.of('problem').map((f) => `${f.file}:${f.line}: ${f.message}`);
  return { maps, problems };
}

test('a map has its lines in their order, wherever they stand', () => {
  const text = '# maps\nops root dba\n\nweb "CN with, blanks" all # c\nops root "all"\n';
  const { maps, problems } = read(text);
  expect(problems).toEqual([]);
  expect([...maps]).toEqual([
    [
      'ops',
      [
        { systemName: 'root', user: 'dba' },
        { systemName: 'root', user: 'all' },
      ],
    ],
    ['web', [{ systemName: 'CN with, blanks', user: undefined }]],
  ]);
});

test.each([
  ['ops', 'the name that the system or the certificate has is missing'],
  ['ops root', 'the name of the user is missing'],
  ['ops root dba more', 'expected three names'],
  ['ops root, dba', 'found a comma'],
  ['ops "" dba', 'a name is empty'],
  ['"" root dba', 'a name is empty'],
  ['ops /^(.*)@x$ dba', 'regular expressions are not supported'],
  ['ops root +admins', 'roles are not asked for members'],
  ['ops "root dba', 'a quote is not closed'],
])('%s is a problem', (line, message) => {
  const { problems } = read(`a b c\n${line}\n`);
  expect(problems).toEqual([expect.stringContaining(message)]);
  expect(problems[0]).toMatch(/^ident\.conf:2: /);
});

test('a file of another kind is not reported without end', () => {
  expect(read('nonsense\n'.repeat(5000)).problems).toHaveLength(101);
});

test('any text gives maps and problems, without an exception', () => {
  const word = fc.constantFrom('ops', 'root', 'all', '"', '"a b"', ',', '#', '\n', ' ', '/x', '+');
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.array(word, { maxLength: 40 }).map((words) => words.join(' ')),
  );
  fc.assert(
    fc.property(text, (content) => {
      const { maps, problems } = read(content);
      const entries = [...maps.values()].flat().length;
      const meant = content.split(/\r?\n/).filter((line) => !/^[\s\uFEFF]*(#|$)/.test(line));
      expect(entries + problems.length).toBe(meant.length);
    }),
  );
});
