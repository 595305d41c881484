import {
  copyFail,
  flush,
  passwordMessage,
  query,
  saslInitialResponse,
  saslResponse,
  sync,
  terminate,
  unnamedStatement,
} from '../src';

const hex = (bytes: Buffer) => bytes.toString('hex');

test('bytes are those of the protocol', () => {
  expect(hex(passwordMessage('é'))).toBe('7000000007c3a900');
  expect(hex(saslInitialResponse('A', 'bc'))).toBe('700000000c4100000000026263');
  expect(hex(saslInitialResponse('A', Buffer.alloc(0)))).toBe('700000000a410000000000');
  expect(hex(saslResponse('abc'))).toBe('7000000007616263');
  expect(hex(saslResponse(Buffer.of(0, 255)))).toBe('700000000600ff');
  expect(hex(query('é'))).toBe('5100000007c3a900');
  expect(hex(query(''))).toBe('510000000500');
  expect(hex(unnamedStatement('A'))).toBe(
    '50000000090041000000420000000e0000000000000001000045000000090000000000',
  );
  expect(hex(copyFail('x'))).toBe('66000000067800');
  expect(hex(sync())).toBe('5300000004');
  expect(hex(flush())).toBe('4800000004');
  expect(hex(terminate())).toBe('5800000004');
});

test.each([sync, flush, terminate])('%p gives a new buffer each time', (build) => {
  const before = hex(build());
  build().fill(0);
  expect(hex(build())).toBe(before);
});

test('a NUL would cut a text short, and is refused', () => {
  for (const build of [passwordMessage, query, unnamedStatement, copyFail])
    expect(() => build('a\0b')).toThrow(RangeError);
  expect(() => saslInitialResponse('a\0', 'x')).toThrow(RangeError);
});

test('a message that was built keeps its bytes when others follow', () => {
  const first = query('select 1');
  const bytes = hex(first);
  for (let i = 0; i < 100; i++) passwordMessage('x'.repeat(i));
  expect(hex(first)).toBe(bytes);
});
