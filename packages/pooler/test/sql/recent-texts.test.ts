import { type Effects, NO_EFFECTS } from '../../src/sql/effects';
import { RecentTexts } from '../../src/sql/recent-texts';

const effectsOf = (marks: number): Effects => ({ ...NO_EFFECTS, marks });

test('a text that is used again and again stays, however many others come', () => {
  const recent = new RecentTexts({ textsMax: 4, bytesMax: 10_000 });
  recent.add('a', effectsOf(1));
  for (let index = 0; index < 100; index++) {
    recent.add(`b${index}`, effectsOf(2));
    expect(recent.get('a')).toEqual(effectsOf(1));
    expect(recent.size).toBeLessThanOrEqual(4);
  }
});

test('a text that is not used is forgotten', () => {
  const recent = new RecentTexts({ textsMax: 4, bytesMax: 10_000 });
  for (const text of ['a', 'b', 'c']) recent.add(text, NO_EFFECTS);
  expect(recent.get('a')).toBe(NO_EFFECTS);
  for (const text of ['d', 'e', 'f']) recent.add(text, NO_EFFECTS);
  expect(recent.get('b')).toBeUndefined();
  expect(recent.get('f')).toBe(NO_EFFECTS);
});

test('long texts make more of the others go', () => {
  const recent = new RecentTexts({ textsMax: 1000, bytesMax: 10_000 });
  for (let index = 0; index < 100; index++) {
    recent.add(`${index}`.repeat(300), NO_EFFECTS);
    expect(recent.bytes).toBeLessThanOrEqual(10_000);
  }
  expect(recent.size).toBeGreaterThan(3);
});

test('a text that is too long for its half is not kept, and costs no other its place', () => {
  const recent = new RecentTexts({ textsMax: 10, bytesMax: 10_000 });
  recent.add('a', NO_EFFECTS);
  recent.add('x'.repeat(5000), NO_EFFECTS);
  expect(recent.get('x'.repeat(5000))).toBeUndefined();
  expect(recent.get('a')).toBe(NO_EFFECTS);
  expect(recent.size).toBe(1);
});
