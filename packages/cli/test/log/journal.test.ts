import { fstatSync } from 'node:fs';
import { stderrIsJournal, withPriority } from '../../src/log/journal';

test('stderr is the journal when JOURNAL_STREAM names its device and inode', () => {
  const { dev, ino } = fstatSync(2, { bigint: true });
  expect(stderrIsJournal({ JOURNAL_STREAM: `${dev}:${ino}` })).toBe(true);
  // As after a redirection of stderr, with the variable inherited.
  expect(stderrIsJournal({ JOURNAL_STREAM: `${dev}:${ino + 1n}` })).toBe(false);
  expect(stderrIsJournal({ JOURNAL_STREAM: '' })).toBe(false);
  expect(stderrIsJournal({})).toBe(false);
});

test('every line carries its level', () => {
  expect(withPriority('error', 'one\ntwo\n')).toBe('<3>one\n<3>two\n');
  expect(withPriority('warn', 'x')).toBe('<4>x');
  expect(withPriority('info', 'x')).toBe('<6>x');
  expect(withPriority('debug', 'x')).toBe('<7>x');
});
