import { checkPipelines } from '@pgweir/testkit';

/** The long version is `node packages/testkit/dist/pipeline-fuzz/main.js`. */
const PIPELINES = 800;
const SECONDS_MAX = 60;

test.each([
  { settings: 'default settings', extraLines: [] },
  { settings: 'room for 2 statements', extraLines: ['max_prepared_statements = 2'] },
])(
  'random pipelines of sessions that share links get the answers that PostgreSQL itself gives ($settings)',
  async ({ extraLines }) => {
    const report = await checkPipelines({
      seconds: SECONDS_MAX,
      pipelines: PIPELINES,
      seed: 20_261_127,
      extraLines,
    });
    expect(report.differences).toEqual([]);
    expect(report.pipelines).toBeGreaterThanOrEqual(PIPELINES);
  },
  90_000,
);
