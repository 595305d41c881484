import { checkPipelines } from '@pgweir/testkit';

/** The long version is `node packages/testkit/dist/pipeline-fuzz/main.js`. */
const PIPELINES = 2000;
const SECONDS_MAX = 60;

test('random pipelines of sessions that share links get the answers that PostgreSQL itself gives', async () => {
  const report = await checkPipelines({
    seconds: SECONDS_MAX,
    pipelines: PIPELINES,
    seed: 20_261_127,
  });
  expect(report.differences).toEqual([]);
  expect(report.pipelines).toBeGreaterThanOrEqual(PIPELINES);
}, 90_000);
