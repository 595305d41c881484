import fc from 'fast-check';
import { groupEnd, NOT_WHOLE, UNDER_WAY, UNFINISHED } from '../../src/routing/group-route';
import {
  bind,
  copyData,
  copyDone,
  execute,
  flush,
  frame,
  parse,
  query,
  sync,
  terminate,
} from '../kit/messages';

const endOf = (bytes: Buffer, goesOn?: Uint8Array): number =>
  groupEnd(bytes, bytes.length, {}, goesOn);

test.each([
  ['a Query', [query('SELECT 1')]],
  ['a FunctionCall', [frame('F', Buffer.alloc(10))]],
  ['a Sync', [sync()]],
  ['extended messages and a Sync', [parse('SELECT 1'), bind(), execute(), sync()]],
  ['extended messages and a Query', [parse('SELECT 1'), query('SELECT 1')]],
])('%s is a group, whatever follows', (_what, messages) => {
  const group = Buffer.concat(messages);
  expect(endOf(group)).toBe(group.length);
  expect(endOf(Buffer.concat([group, query('x')]))).toBe(group.length);
  expect(endOf(Buffer.concat([group, Buffer.from('?')]))).toBe(group.length);
  for (let cut = 0; cut < group.length; cut++) {
    expect(endOf(group.subarray(0, cut))).toBe(UNFINISHED);
  }
});

test.each([
  ['a Flush', flush()],
  ['a Terminate', terminate()],
  ['data of a COPY', copyData('1')],
  ['the end of a COPY', copyDone()],
  ['a message that nobody knows', frame('?')],
  ['an impossible length', Buffer.from([0x50, 0, 0, 0, 3])],
  ['a negative length', Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff])],
])('%s: nobody need wait for the rest', (_what, message) => {
  for (const before of [[], [parse('SELECT 1'), bind()]]) {
    const bytes = Buffer.concat([...before, message, execute(), sync()]);
    expect(endOf(bytes)).toBe(NOT_WHOLE);
  }
});

test('on a link the group ends behind a Flush, too, and behind what is left of a COPY', () => {
  const group = Buffer.concat([parse('x'), flush(), copyData('1'), copyDone(), bind(), sync()]);
  expect(endOf(Buffer.concat([group, query('x')]), UNDER_WAY)).toBe(group.length);
  expect(endOf(group.subarray(0, -1), UNDER_WAY)).toBe(UNFINISHED);
  expect(endOf(Buffer.concat([flush(), terminate()]), UNDER_WAY)).toBe(NOT_WHOLE);
});

test.each([
  ['P', false],
  ['Q', true],
])('what is left of a message %s whose header was read', (tag, isEnd) => {
  const rest = Buffer.concat([Buffer.alloc(7), sync(), query('x')]);
  const reading = { tag: tag.charCodeAt(0), bodyLeft: 7 };
  expect(groupEnd(rest, rest.length, reading)).toBe(isEnd ? 7 : 12);
  expect(groupEnd(rest, 6, reading)).toBe(UNFINISHED);
  expect(groupEnd(rest, 7, reading)).toBe(isEnd ? 7 : UNFINISHED);
});

test('any bytes: an end within them, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isUnderWay) => {
      const end = endOf(Buffer.from(bytes), isUnderWay ? UNDER_WAY : undefined);
      if (end < 0) expect([UNFINISHED, NOT_WHOLE]).toContain(end);
      else expect(end).toBeGreaterThan(0);
      expect(end).toBeLessThanOrEqual(bytes.length);
    }),
    { numRuns: 2000 },
  );
});
