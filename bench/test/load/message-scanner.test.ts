import { frame } from '@pgweir/testkit';
import { MessageScanner } from '../../src/load/message-scanner';

const STREAM = Buffer.concat([
  frame('T', Buffer.alloc(0)),
  frame('D', Buffer.alloc(70_000, 'E')),
  frame('E', Buffer.from('SERROR\0C42601\0Mno such thing\0\0')),
  frame('Z', Buffer.from('I')),
]);

function heard(chunks: readonly Buffer[]): string[] {
  const found: string[] = [];
  const scanner = new MessageScanner({
    message: (tag, bytes) => found.push(`${String.fromCharCode(tag)} ${bytes}`),
    error: (text) => found.push(text),
  });
  for (const chunk of chunks) scanner.scan(chunk);
  return found;
}

test.each([1, 2, 5, 7, 4096, STREAM.length])(
  'messages are found in chunks of %i bytes',
  (chunkBytes) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < STREAM.length; at += chunkBytes) {
      chunks.push(STREAM.subarray(at, at + chunkBytes));
    }
    const error = 'SERROR C42601 Mno such thing';
    expect(heard(chunks)).toEqual(['T 5', 'D 70005', error, 'Z 6']);
  },
);

test('a message that has not come whole is not told of', () => {
  expect(heard([STREAM.subarray(0, 5 + 70_004)])).toEqual(['T 5']);
});
