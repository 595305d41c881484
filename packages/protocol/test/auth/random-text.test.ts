import { randomText } from '../../src/auth/random-text';

test('random texts have the length asked for and never repeat, also across refills of the pool', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 3000; i++) {
    const text = randomText(16);
    expect(text).toHaveLength(16);
    seen.add(text);
  }
  expect(seen.size).toBe(3000);
  expect(randomText(4096)).toHaveLength(4096);
});
