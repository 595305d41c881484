import { lastMinute, sharesText, verdict } from '../src/page/verdict';

const time = (queue: number, postgres: number, application: number) =>
  lastMinute(
    {
      ...{ queue: [queue], postgres: [postgres], application: [application] },
      ...{ transactions: [10], queries: [20] },
    },
    5_000,
  );

test('the last minute is the mean of its samples, and no more of them', () => {
  const old = Array<number>(100).fill(50);
  const fresh = Array<number>(12).fill(2);
  const shares = lastMinute(
    {
      queue: [...old, ...fresh],
      postgres: [...old, ...fresh.fill(1, 0, 6)],
      application: [null, null],
      transactions: [],
      queries: [...old, ...fresh],
    },
    5_000,
  );
  expect(shares).toMatchObject({ queue: 2, postgres: 1.5, application: 0, transactions: 0 });
});

test.each([
  [time(6, 3, 1), 'queue', '60 % of the time is spent in our queue.'],
  [time(1, 8, 1), 'postgres', '80 % of the time is spent in PostgreSQL.'],
  [time(0, 1, 3), 'application', '75 % of the time is spent in the application.'],
  [time(0, 0.01, 0.005), undefined, 'Quiet: hardly any session works or waits.'],
] as const)('%j is %s', (shares, where, headline) => {
  expect(verdict(shares)).toMatchObject({ where, headline });
});

test('a queue that is long is said, also where something else takes more', () => {
  expect(verdict(time(3, 6, 1)).advice).toContain('Besides, 30 % of it is waiting in our queue.');
  expect(verdict(time(1, 8, 1)).advice).not.toContain('Besides');
});

test('the bar is there in words', () => {
  expect(sharesText(time(5, 4, 1))).toBe(
    'queue 50 % (5 sessions), PostgreSQL 40 % (4 sessions), application 10 % (1 sessions)',
  );
  expect(sharesText(time(0, 0, 0))).toBe('no time was spent');
});
