import { ClientStream } from '../../src/tracing/client-stream';
import { parentBehind, parentInFront } from '../../src/tracing/text-parent';
import {
  bind,
  copyData,
  execute,
  flush,
  frame,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';

const parent = (number: number): string =>
  `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b${number}-01`;
const comment = (number: number): string => `/*traceparent='${parent(number)}'*/`;

/** `m`: a message, `x`: one that runs something, `;`: the end of a group; and parents by number. */
function told(bytes: Buffer, cut: (length: number) => readonly number[]): string {
  const heard: string[] = [];
  const stream = new ClientStream({
    messageBegins: () => heard.push('m'),
    text: (buffer, { start, headEnd, tailStart, end }) => {
      const found = parentInFront(buffer, start, headEnd) ?? parentBehind(buffer, tailStart, end);
      if (found !== undefined) heard.push(found.spanId.slice(-1));
    },
    statement: () => heard.push('x'),
    groupEnds: () => heard.push(';'),
  });
  let at = 0;
  for (const end of [...cut(bytes.length), bytes.length]) {
    // Read buffers are used again for what comes next.
    const chunk = Buffer.from(bytes.subarray(at, end));
    stream.read(chunk, chunk.length);
    chunk.fill(0xff);
    at = end;
  }
  return heard.join('');
}

const whole = (): readonly number[] => [];
const byteByByte = (length: number): readonly number[] =>
  Array.from({ length: length - 1 }, (_, index) => index + 1);

const LONG = 'x'.repeat(10_000);

test.each([
  ['a simple query', query(`SELECT 1 ${comment(1)}`), 'mx1;'],
  ['one without a comment', query('SELECT 1'), 'mx;'],
  ['an empty query', query(''), 'mx;'],
  [
    'a group',
    Buffer.concat([parse(`${comment(2)} SELECT 1`, 'name'), bind(), execute(), sync()]),
    'm2mmxm;',
  ],
  ['two of them', Buffer.concat([query(comment(1)), query(comment(2))]), 'mx1;mx2;'],
  ['a long text with one in front', query(`${comment(3)} SELECT '${LONG}'`), 'mx3;'],
  ['a long text with one behind', query(`SELECT '${LONG}' ${comment(4)}`), 'mx4;'],
  ['a long one that is prepared', parse(`SELECT '${LONG}' ${comment(5)};`, 'n'), 'm5'],
  ['a text as long as what is kept', query(`SELECT '${'x'.repeat(4000)}' ${comment(6)}`), 'mx6;'],
  ['data of a COPY that looks like a query', copyData(query(comment(1)).toString('latin1')), ''],
  ['a goodbye, a flush', Buffer.concat([flush(), terminate()]), ''],
  ['a function call', frame('F', Buffer.alloc(14)), 'mx;'],
  ['a Parse without a NUL', frame('P', 'abc'), 'm'],
  ['a Query without a NUL', frame('Q', comment(1)), 'mx;'],
  ['an empty body', frame('Q'), 'mx;'],
])('%s is told the same in one chunk, byte by byte, and cut anywhere', (_, bytes, expected) => {
  expect(told(bytes, whole)).toBe(expected);
  expect(told(bytes, byteByByte)).toBe(expected);
  const step = Math.max(1, Math.floor(bytes.length / 300));
  for (let at = 1; at < bytes.length; at += step) expect(told(bytes, () => [at])).toBe(expected);
});

test('behind a length that makes no sense nothing is told, and nothing fails', () => {
  const bytes = Buffer.concat([query('SELECT 1'), Buffer.from('Q\0\0\0\x01'), query('SELECT 2')]);
  expect(told(bytes, whole)).toBe('mx;');
  expect(told(bytes, byteByByte)).toBe('mx;');
});

test('what claims to be a gigabyte costs four kilobytes', () => {
  const before = process.memoryUsage().arrayBuffers;
  expect(
    told(Buffer.concat([Buffer.from('Q\x3f\xff\xff\xff', 'latin1'), Buffer.from('a')]), whole),
  ).toBe('mx');
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
});
