import { Findings, formatFinding } from '../../src/config/finding';
import { type IniFile, readIniFile } from '../../src/config/ini-file';
import { CWD, type Files, reading } from '../support/config-files';

interface Read {
  readonly ini: IniFile;
  readonly problems: readonly string[];
}

function read(text: string, files: Files = {}, name = 'pgweir.ini'): Read {
  const findings = new Findings();
  const readFile = reading({ [`${CWD}/pgweir.ini`]: text, ...files });
  const ini = readIniFile(name, { cwd: CWD, readFile }, findings);
  return { ini, problems: findings.of('problem').map(formatFinding) };
}

const keysAndValues = ({ ini }: Read): readonly string[] =>
  ini.entries.map(({ section, key, value }) => `${section}/${key}=${value}`);

test('a comment is one only when nothing stands before it', () => {
  const text = '; a\n  # b\n[pgbouncer]\nserver_reset_query = DISCARD ALL; -- # all\n';
  const got = read(text);
  expect(keysAndValues(got)).toEqual(['pgbouncer/server_reset_query=DISCARD ALL; -- # all']);
  expect(got.problems).toEqual([]);
});

test('blanks around keys and values, Windows line ends and a byte order mark do not matter', () => {
  const got = read('\uFEFF[pgbouncer]\r\n\t listen_port =  1 \t\r\nuser=\r\n');
  expect(keysAndValues(got)).toEqual(['pgbouncer/listen_port=1', 'pgbouncer/user=']);
});

test('a value keeps its quotes, = signs and inner blanks', () => {
  const got = read('[databases]\na = host=\'x y\' dbname="q" = z\n');
  expect(keysAndValues(got)).toEqual(['databases/a=host=\'x y\' dbname="q" = z']);
});

test('a key in single quotes may hold anything, and two quotes mean one', () => {
  expect(keysAndValues(read("[databases]\n'my db; it''s = fine' = host=x\n"))).toEqual([
    "databases/my db; it's = fine=host=x",
  ]);
});

test('every entry knows its file and line, across includes', () => {
  const got = read('[pgbouncer]\n%include more.ini\nuser = b\n', {
    [`${CWD}/more.ini`]: '\nlogfile = x\n[databases]\n',
  });
  expect(got.ini.entries).toEqual([
    { file: 'more.ini', line: 2, section: 'pgbouncer', key: 'logfile', value: 'x' },
    // The section that the included file has opened stays open.
    { file: 'pgweir.ini', line: 3, section: 'databases', key: 'user', value: 'b' },
  ]);
});

test('an include is looked for in the working directory first, then beside its file', () => {
  const files = { '/opt/p/main.ini': '[users]\n%include a.ini\n%include b.ini\n' };
  const got = read(
    '',
    {
      ...files,
      [`${CWD}/a.ini`]: 'cwd = 1\n',
      '/opt/p/a.ini': 'beside = 1\n',
      '/opt/p/b.ini': 'beside = 2\n',
    },
    '/opt/p/main.ini',
  );
  expect(keysAndValues(got)).toEqual(['users/cwd=1', 'users/beside=2']);
});

test('files that include each other are found out', () => {
  const got = read('[users]\n%include a.ini\n', { [`${CWD}/a.ini`]: '\n%include pgweir.ini\n' });
  expect(got.problems).toEqual([
    expect.stringMatching(/^a\.ini:2: problem: .* include each other: \/etc.*a\.ini -> .*pgweir/),
  ]);
});

test('includes go ten deep and no deeper', () => {
  const chain = (length: number): Files =>
    Object.fromEntries(
      Array.from({ length }, (_, index) => [
        `${CWD}/${index}.ini`,
        index + 1 < length ? `%include ${index + 1}.ini\n` : '[users]\nlast = 1\n',
      ]),
    );
  const main = '%include 0.ini\n';
  expect(keysAndValues(read(main, chain(10)))).toEqual(['users/last=1']);
  expect(read(main, chain(11)).problems).toEqual([
    '9.ini:1: problem: %include "10.ini": nested deeper than 10',
  ]);
});

test('includes that multiply are stopped', () => {
  const files = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [
      `${CWD}/${index}.ini`,
      `%include ${index + 1}.ini\n`.repeat(20),
    ]),
  );
  const got = read('%include 0.ini\n', { ...files, [`${CWD}/9.ini`]: '' });
  expect(got.problems[0]).toContain('more than 1000 includes');
});

test('a missing include is a problem of the line that wants it', () => {
  expect(read('[users]\n%include nothing.ini\n').problems).toEqual([
    'pgweir.ini:2: problem: cannot read "nothing.ini": no such file',
  ]);
});

test('every line that makes no sense is reported, and the others are read', () => {
  const got = read(
    'early = 1\n[pgbouncer\n[users]\nwords only\n"my db" = x\n%inclood x\n= 5\na = 1\nb = \0\n',
  );
  expect(got.problems.map((problem) => problem.split(':')[1])).toEqual([
    '1',
    '2',
    '4',
    '5',
    '6',
    '7',
    '9',
  ]);
  expect(got.problems[3]).toContain("'single quotes'");
  expect(keysAndValues(got)).toEqual(['users/a=1']);
});

test('a line that makes no sense is not shown: it may hold a password', () => {
  expect(read("[databases]\n'a = password=hunter2\n").problems.join()).not.toContain('hunter2');
});
