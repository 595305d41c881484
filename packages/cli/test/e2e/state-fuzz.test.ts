import { checkState } from '@pgweir/testkit';

/** The long version is `node packages/testkit/dist/state-fuzz/main.js`. */
const STATEMENTS = 5000;
const SECONDS_MAX = 100;

test.each([
  { sides: 'plain', clientSide: 'plain', extraLines: [], seed: 20_261_127 },
  { sides: 'TLS, 2 workers', clientSide: 'tls', extraLines: ['workers = 2'], seed: 20_261_128 },
  {
    sides: 'session mode, one of several servers',
    clientSide: 'plain',
    extraLines: [],
    seed: 20_261_129,
    follows: true,
  },
] as const)(
  'sessions that change their state in every way over fewer links find their own, and nobody else’s ($sides)',
  async ({ clientSide, extraLines, seed, ...more }) => {
    const report = await checkState({
      seconds: SECONDS_MAX,
      statements: STATEMENTS,
      sessions: 12,
      links: 4,
      seed,
      clientSide,
      extraLines,
      ...more,
    });
    expect(report.violations).toEqual([]);
    // An empty run proves nothing.
    expect(report.counts.statements).toBeGreaterThanOrEqual(STATEMENTS);
    expect(report.counts.errors).toBeGreaterThan(100);
    expect(report.counts.notifications).toBeGreaterThan(10);
  },
  120_000,
);
