import { KeptInput } from '../../src/frontend/kept-input';
import { execute, parse, query, sync } from '../kit/messages';

test('what is kept comes back in order, and then there is nothing', () => {
  const kept = new KeptInput();
  for (const part of ['one', '', 'two', 'three']) kept.add(Buffer.from(part));
  expect(kept.bytes).toBe(11);
  expect(kept.take().toString()).toBe('onetwothree');
  expect(kept.bytes).toBe(0);
  expect(kept.take()).toHaveLength(0);
});

test('what is kept is a copy', () => {
  const kept = new KeptInput();
  const bytes = Buffer.from('abc');
  kept.add(bytes);
  kept.add(bytes);
  bytes.fill(0);
  expect(kept.take().toString()).toBe('abcabc');
});

test('a message of which not enough has come neither waits nor is nothing', () => {
  const kept = new KeptInput();
  expect([kept.waits, kept.isPartial]).toEqual([false, false]);
  kept.wanted = 10;
  kept.add(Buffer.alloc(9));
  expect([kept.waits, kept.isPartial]).toEqual([false, true]);
  kept.add(Buffer.alloc(1));
  expect([kept.waits, kept.isPartial]).toEqual([true, false]);
});

test('what a message wanted is forgotten with it', () => {
  const kept = new KeptInput();
  kept.wanted = 10;
  kept.add(Buffer.alloc(10));
  kept.take();
  kept.add(Buffer.alloc(1));
  expect([kept.waits, kept.isPartial]).toEqual([true, false]);
});

test('a cancelled Query ends with itself, an extended statement with its Sync', () => {
  const kept = new KeptInput();
  kept.add(query('SELECT 1'));
  kept.beginSkipping();
  expect(kept.endsSkipping('Q'.charCodeAt(0))).toBe(true);
  kept.clear();
  kept.add(Buffer.concat([parse('SELECT 1'), execute(), sync()]));
  kept.beginSkipping();
  expect(kept.endsSkipping('E'.charCodeAt(0))).toBe(false);
  expect(kept.endsSkipping('Q'.charCodeAt(0))).toBe(false);
  expect(kept.endsSkipping('S'.charCodeAt(0))).toBe(true);
});
