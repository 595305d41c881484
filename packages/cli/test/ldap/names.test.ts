import * as fc from 'fast-check';
import { type EqualityFilter, FilterParser } from 'ldapts';
import { directoryName, dnValue, filterValue } from '../../src/ldap/names';

const made = (user: string, prefix: string, suffix = '') =>
  directoryName(user, { kind: 'made', prefix, suffix });
const searched = (user: string, filter = '(uid=$username)') =>
  directoryName(user, {
    ...{ kind: 'searched', baseDn: 'dc=x', scope: 'sub', bindDn: '', password: '', filter },
  });
const INVALID = { kind: 'refused', why: 'invalid character in the user name' };

/** What a directory reads: pairs of attribute and value, without escapes. */
function readDn(dn: string): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let at = 0; at < dn.length; at++) {
    const pair = /^\\([0-9a-f]{2})/i.exec(dn.slice(at));
    if (pair?.[1] !== undefined) {
      part += String.fromCharCode(Number.parseInt(pair[1], 16));
      at += 2;
    } else if (dn[at] === '\\') {
      part += dn[at + 1] ?? '';
      at += 1;
    } else if (dn[at] === ',' || dn[at] === '+') {
      parts.push(part);
      part = '';
    } else part += dn[at];
  }
  return [...parts, part];
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: fc.constantFrom(...',+"\\<>;= #\0a()*/') }),
);

test('whatever a value is, a name of the directory has it as one value', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      expect(readDn(`uid=${dnValue(text)},dc=x`)).toEqual([`uid=${text}`, 'dc=x']);
    }),
  );
});

test('blanks at its ends, and a # at its beginning, are part of the value', () => {
  expect(dnValue(' a ')).toBe('\\ a\\ ');
  expect(dnValue(' ')).toBe('\\ ');
  expect(dnValue('\\ ')).toBe('\\\\\\ ');
  expect(dnValue('#a#')).toBe('\\#a#');
});

test('whatever a value is, a filter compares with just that', () => {
  fc.assert(
    fc.property(
      anyText.filter((text) => text !== ''),
      (text) => {
        const filter = FilterParser.parseString(`(uid=${filterValue(text)})`) as EqualityFilter;
        expect(filter.constructor.name).toBe('EqualityFilter');
        expect(String(filter.value)).toBe(text);
      },
    ),
  );
});

test.each([
  '*',
  'a(b',
  'a)b',
  'a\\b',
  'a/b',
  '',
  ' a',
  'a ',
  'a\0b',
  'a\nb',
  'a\u200bb',
  '\u202ea',
])('%j is not searched for', (user) => {
  expect(searched(user)).toEqual(INVALID);
});

test('what is in a name does not count as a pattern of replacement', () => {
  expect(searched("$&$'$username")).toEqual({ kind: 'ok', name: "(uid=$&$'$username)" });
});

test('every $username of a filter is the user', () => {
  expect(searched('ann', '(|(a=$username)(b=$username))')).toMatchObject({
    name: '(|(a=ann)(b=ann))',
  });
});

test('behind an attribute the name is escaped; elsewhere it must need no escape', () => {
  expect(made('a,b', 'uid=', ',dc=x')).toEqual({ kind: 'ok', name: 'uid=a\\,b,dc=x' });
  expect(made('a,b', 'ou=p,cn=')).toEqual({ kind: 'ok', name: 'ou=p,cn=a\\,b' });
  expect(made('ann', '', '@example.org')).toEqual({ kind: 'ok', name: 'ann@example.org' });
  expect(made('ann', 'DOMAIN\\')).toEqual({ kind: 'ok', name: 'DOMAIN\\ann' });
  for (const user of ['a,b', 'uid=a', 'a\\b', 'a+b', 'a;b', '"a"', '<a>']) {
    expect(made(user, '', '@example.org')).toEqual(INVALID);
    expect(made(user, 'DOMAIN\\')).toEqual(INVALID);
    expect(made(user, 'uid=a')).toEqual(INVALID);
  }
});

test('no name is taken for a SASL mechanism', () => {
  expect(made('TERNAL', 'EX')).toEqual(INVALID);
  expect(made('PL', '', 'AIN')).toEqual(INVALID);
});
