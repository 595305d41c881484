import fc from 'fast-check';
import { parseConnectionString } from '../../src/config/connection-string';

function pairs(text: string): readonly string[] | string {
  const parsed = parseConnectionString(text);
  return parsed.kind === 'bad'
    ? parsed.message
    : parsed.parameters.map(({ key, value }) => `${key}=${value}`);
}

test.each([
  ['', []],
  ['host=x', ['host=x']],
  ['  host=x   port=1 ', ['host=x', 'port=1']],
  ["password='a b''c' user=u", ["password=a b'c", 'user=u']],
  ['host = x', ['host=x']],
  ["connect_query='set a = ''b c'''", ["connect_query=set a = 'b c'"]],
  ['host=a=b', ['host=a=b']],
])('%j is read', (text, expected) => {
  expect(pairs(text)).toEqual(expected);
});

test.each([
  ['host', 'expected key=value'],
  ['host=x port', 'expected key=value after host'],
  ['host=', 'host: the value is empty'],
  ['host= port=5', 'host: the value is empty'],
  ["host=''", 'host: the value is empty'],
  ["password='open", 'password: the closing quote is missing'],
  ["password='a'b", 'password: the closing quote is missing'],
  ['=x', 'expected key=value'],
])('%j is refused', (text, message) => {
  expect(pairs(text)).toContain(message);
});

test('any value survives quoting', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (value) => {
      const text = `a=1 key='${value.replaceAll("'", "''")}' b=2`;
      expect(pairs(text)).toEqual(['a=1', `key=${value}`, 'b=2']);
    }),
  );
});

test('any text gives parameters or one message, and ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '=', "'", '\t') }), (text) => {
      expect(['ok', 'bad']).toContain(parseConnectionString(text).kind);
    }),
  );
});
