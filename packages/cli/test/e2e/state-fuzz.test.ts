import { checkState } from '@pgweir/testkit';

/** The long version is `node packages/testkit/dist/state-fuzz/main.js`. */
const STATEMENTS = 2000;
const SECONDS_MAX = 100;

const WITH_WORKERS = {
  sides: 'TLS, 2 workers',
  clientSide: 'tls',
  extraLines: ['workers = 2'],
  seed: 20_261_128,
} as const;

const OTHERS = [
  { sides: 'plain', clientSide: 'plain', extraLines: [], seed: 20_261_127 },
  {
    sides: 'session mode, one of several servers',
    clientSide: 'plain',
    extraLines: [],
    seed: 20_261_129,
    follows: true,
  },
] as const;

/** What is kept for whom is the same code on Bun; sockets and workers are not. */
const ON_BUN = process.env.PGWEIR_TEST_RUNTIME === 'bun';

test.each([WITH_WORKERS, ...(ON_BUN ? [] : OTHERS)])(
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
    expect(report.counts.errors).toBeGreaterThan(STATEMENTS / 50);
    expect(report.counts.notifications).toBeGreaterThan(STATEMENTS / 500);
  },
  120_000,
);
