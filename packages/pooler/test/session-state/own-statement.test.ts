import {
  NAME_BYTES_MAX,
  type OwnStatement,
  OwnStatements,
} from '../../src/session-state/own-statement';
import { EMPTY_PROFILE } from '../../src/session-state/profile';
import { NO_EFFECTS } from '../../src/sql/effects';

const key = (name: string): string => {
  const bytes = Buffer.from(`>${name}<`);
  return OwnStatements.key(bytes, 1, bytes.length - 1);
};

const own = (): OwnStatement => ({
  statement: {
    serverName: Buffer.from('x\0'),
    tail: Buffer.from('SELECT 1\0\0\0'),
    context: '',
    effects: NO_EFFECTS,
    keepable: true,
  },
  profile: EMPTY_PROFILE,
  open: undefined,
  parsedAt: 1,
  shape: 0,
  before: undefined,
  isSure: true,
  fate: 'taken',
});

test('names are one when PostgreSQL takes them for one: their first 63 bytes', () => {
  const long = 'x'.repeat(NAME_BYTES_MAX);
  expect(key(long)).toBe(long);
  expect(key(`${long}a`)).toBe(key(`${long}b`));
  expect(key(`${long.slice(1)}a`)).not.toBe(key(`${long.slice(1)}b`));
});

test('63 is a number of bytes, also when it cuts a letter', () => {
  const letters = 'é'.repeat(40);
  expect(key(letters)).toHaveLength(NAME_BYTES_MAX);
  expect(key(`${'é'.repeat(31)}à`)).toBe(key(`${'é'.repeat(31)}é`));
  expect(key(`${'é'.repeat(30)}à`)).not.toBe(key(`${'é'.repeat(30)}é`));
});

test('names differ by every byte, and by case', () => {
  expect(key('a')).not.toBe(key('A'));
  expect(key('a')).not.toBe(key('a '));
  expect(OwnStatements.key(Buffer.from([0xff]), 0, 1)).not.toBe(
    OwnStatements.key(Buffer.from([0xfe]), 0, 1),
  );
});

test('a session without statements has none to tell of', () => {
  const statements = new OwnStatements();
  expect(statements.count).toBe(0);
  expect(statements.get('a')).toBeUndefined();
  expect(statements.delete('a')).toBeUndefined();
  expect([...statements.entries()]).toEqual([]);
});

test('statements are kept by name until they are deleted or cleared', () => {
  const statements = new OwnStatements();
  const [first, second] = [own(), own()];
  statements.set('a', first);
  statements.set('b', second);
  statements.set('a', second);
  expect(statements.count).toBe(2);
  expect(statements.get('a')).toBe(second);
  expect(statements.delete('a')).toBe(second);
  expect(statements.get('a')).toBeUndefined();
  statements.unnamed = first;
  statements.clear();
  expect(statements.count).toBe(0);
  expect(statements.unnamed).toBeUndefined();
});
