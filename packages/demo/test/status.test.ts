import { formatStatus } from '../src/status';

test('the status line shows clients, links and speed', () => {
  const status = {
    clients: 1203,
    waiting: 7,
    links: 50,
    activeLinks: 49,
    transactionsPerSecond: 10234,
  };
  expect(formatStatus(status)).toBe(
    'clients 1,203 (7 waiting) · links 50 (49 active) · 10,234 transactions/s',
  );
});
