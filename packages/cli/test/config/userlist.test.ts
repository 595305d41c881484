import { userName } from '@pgweir/pooler';
import { formatScramSecret, md5Hash, scramSecretFor } from '@pgweir/protocol';
import { Findings, formatFinding } from '../../src/config/finding';
import { readUserlist } from '../../src/config/userlist';

function read(text: string) {
  const findings = new Findings();
  const source = readUserlist(text, 'userlist.txt', findings);
  return {
    secret: (name: string) => source.lookup(userName(name)),
    problems: findings.of('problem').map(formatFinding),
    warnings: findings.of('warning').map(formatFinding),
  };
}

test('plain, md5, SCRAM and empty passwords are told apart', () => {
  const scram = scramSecretFor('secret', { iterations: 4096 });
  const got = read(
    [
      '"plain" "secret"',
      `"md5" "${md5Hash('secret', 'md5')}"`,
      `"scram" "${formatScramSecret(scram)}"`,
      '"none" ""',
    ].join('\n'),
  );
  expect(got.problems).toEqual([]);
  expect(got.secret('plain')).toEqual({ kind: 'plain', password: 'secret' });
  expect(got.secret('md5')).toEqual({ kind: 'md5', hash: md5Hash('secret', 'md5') });
  expect(got.secret('scram')).toEqual(scram);
  expect(got.secret('none')).toEqual({ kind: 'none' });
  expect(got.secret('unknown')).toBeUndefined();
});

test('comments, blank lines, doubled quotes and what follows the password are understood', () => {
  const got = read('; "no" "no"\r\n\r\n  "a ""b""" "c""d" "e" rest ; "f"\r\n');
  expect(got.problems).toEqual([]);
  expect(got.secret('a "b"')).toEqual({ kind: 'plain', password: 'c"d' });
  expect(got.secret('no')).toBeUndefined();
});

test('bad lines are problems with their numbers, and no part of them is shown', () => {
  const got = read(
    ['hunter2', '"a" hunter2', '"a "hunter2"', '"a"', '"" "hunter2"', '"ok" "fine"', '"a""b"'].join(
      '\n',
    ),
  );
  expect(got.problems.map((problem) => problem.split(':')[1])).toEqual([
    '1',
    '2',
    '3',
    '4',
    '5',
    '7',
  ]);
  expect(got.problems.join()).not.toContain('hunter2');
  expect(got.secret('ok')).toBeDefined();
});

test('names and passwords beyond the limits are problems', () => {
  const got = read(
    `"${'n'.repeat(128)}" "x"\n"a" "${'p'.repeat(65_531)}"\n"${'n'.repeat(127)}" "x"\n`,
  );
  expect(got.problems.map((problem) => problem.split(':')[1])).toEqual(['1', '2']);
});

test('the last line of a user counts, and the repetition is warned about', () => {
  const got = read('"a" "one"\n"a" "two"\n');
  expect(got.secret('a')).toEqual({ kind: 'plain', password: 'two' });
  expect(got.warnings).toEqual([expect.stringContaining('userlist.txt:2:')]);
});

test('what resembles a hash but is none is warned about', () => {
  expect(read('"a" "SCRAM-SHA-256$4096:x$y:z"\n').warnings).toHaveLength(1);
  expect(read('"a" "md5sum is my hobby"\n').warnings).toHaveLength(0);
});
