import { Guesses } from '../../src/dashboard/guesses';

test('five wrong passwords are enough for a minute, and others may still try', () => {
  let nowMs = 0;
  const guesses = new Guesses(() => nowMs);
  for (let n = 0; n < 4; n++) guesses.wrong('10.0.0.1');
  expect(guesses.blockedMs('10.0.0.1')).toBe(0);
  nowMs = 10_000;
  guesses.wrong('10.0.0.1');
  expect(guesses.blockedMs('10.0.0.1')).toBe(50_000);
  expect(guesses.blockedMs('10.0.0.2')).toBe(0);
  nowMs = 60_000;
  expect(guesses.blockedMs('10.0.0.1')).toBe(0);
});

test('the right one is forgiven the wrong ones before', () => {
  const guesses = new Guesses(() => 0);
  for (let n = 0; n < 4; n++) guesses.wrong('10.0.0.1');
  guesses.right('10.0.0.1');
  guesses.wrong('10.0.0.1');
  expect(guesses.blockedMs('10.0.0.1')).toBe(0);
});

test('many addresses together are slowed down as well', () => {
  const guesses = new Guesses(() => 0);
  for (let n = 0; n < 50; n++) guesses.wrong(`10.0.0.${n}`);
  expect(guesses.blockedMs('10.9.9.9')).toBe(60_000);
});
