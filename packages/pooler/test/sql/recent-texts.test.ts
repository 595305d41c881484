import { NO_EFFECTS } from '../../src/sql/effects';
import { RecentTexts } from '../../src/sql/recent-texts';

test('the text that was not used for the longest time goes first', () => {
  const recent = new RecentTexts({ textsMax: 2, bytesMax: 10_000 });
  recent.add('a', NO_EFFECTS);
  recent.add('b', NO_EFFECTS);
  expect(recent.get('a')).toBe(NO_EFFECTS);
  recent.add('c', NO_EFFECTS);
  expect(recent.get('b')).toBeUndefined();
  expect(recent.get('a')).toBe(NO_EFFECTS);
  expect(recent.size).toBe(2);
});

test('long texts make more of the others go', () => {
  const recent = new RecentTexts({ textsMax: 1000, bytesMax: 10_000 });
  for (const name of ['a', 'b', 'c']) recent.add(name.repeat(1400), NO_EFFECTS);
  expect(recent.size).toBe(3);
  recent.add('d'.repeat(3000), NO_EFFECTS);
  expect(recent.size).toBe(2);
  expect(recent.bytes).toBeLessThanOrEqual(10_000);
});

test('a text that alone is too long is not kept', () => {
  const recent = new RecentTexts({ textsMax: 10, bytesMax: 1000 });
  recent.add('x'.repeat(5000), NO_EFFECTS);
  expect(recent.size).toBe(0);
  expect(recent.bytes).toBe(0);
});
