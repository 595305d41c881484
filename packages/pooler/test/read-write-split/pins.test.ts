import { inspected } from '../kit/answers';
import { query } from '../kit/messages';
import type { TestClient } from '../kit/test-client';
import { heard } from '../lost-links/stage';
import { A, ONE_REPLICA, PRIMARY, Stage } from './stage';

const READ = 'SELECT a FROM t';
const WRITE = 'INSERT INTO t VALUES (1)';
const ANSWERED = 'C(SELECT 0) ZI';

/** Servers that say the truth about locks and temporary tables. */
async function truthful() {
  const stage = await Stage.open({}, {}, ONE_REPLICA);
  const client = await stage.rig.client();
  const truth = { temporary: false, locks: false, setting: 'x' };
  for (const port of [PRIMARY, A])
    stage.at(port, (backend) => {
      backend.answer = (sql, self) => inspected(sql, truth, self);
      if (port === A) backend.failsWith = (sql) => (sql === WRITE ? '25006' : undefined);
    });
  return { stage, client, truth };
}

async function run(stage: Stage, client: TestClient, ...statements: string[]): Promise<string> {
  client.forget();
  for (const sql of statements) {
    client.send(query(sql));
    await stage.rig.settle();
  }
  return heard(client);
}

test('a session that is pinned to the primary reads there, until it is not any more', async () => {
  const { stage, client, truth } = await truthful();
  truth.temporary = true;
  await run(stage, client, 'CREATE TEMP TABLE x (a int)');
  expect(await run(stage, client, READ)).toBe(ANSWERED);
  expect(stage.onReplicas).toEqual([]);
  truth.temporary = false;
  await run(stage, client, 'DROP TABLE x');
  // The schema has changed, so that the catalog is asked again first.
  expect(await run(stage, client, READ, READ)).toBe(`${ANSWERED} ${ANSWERED}`);
  expect(stage.onReplicas.length).toBeGreaterThan(0);
});

test('a lock of a READ ONLY transaction keeps its link to the replica: a write there is refused', async () => {
  const { stage, client, truth } = await truthful();
  truth.locks = true;
  await run(stage, client, 'BEGIN READ ONLY', 'SELECT pg_advisory_lock(1)', 'COMMIT');
  expect([...stage.rig.pooler.sessions.values()].map(({ state }) => state?.pinned)).toEqual([true]);
  // Neither the lock is lost nor the write run beside it: the client hears why.
  expect(await run(stage, client, WRITE)).toBe('E25006 ZI');
  expect(stage.onPrimary).toEqual([]);
  expect(await run(stage, client, READ)).toBe(ANSWERED);
  truth.locks = false;
  await run(stage, client, 'SELECT pg_advisory_unlock(1)');
  expect(await run(stage, client, WRITE)).toBe(ANSWERED);
  expect(stage.onPrimary).toEqual([WRITE]);
});

test('a setting of a READ ONLY transaction is there on the primary, too', async () => {
  const { stage, client } = await truthful();
  await run(stage, client, 'BEGIN READ ONLY', "SET work_mem TO 'x'", 'COMMIT');
  expect(await run(stage, client, WRITE)).toBe(ANSWERED);
  const { queries } = stage.only(PRIMARY);
  expect(queries.at(-2)).toContain("set_config(E'work_mem',E'x',false)");
  expect(queries.at(-1)).toBe(WRITE);
});

test('a setting of the primary is there on the replica, too', async () => {
  const { stage, client } = await truthful();
  await run(stage, client, "SET work_mem TO 'x'");
  expect(await run(stage, client, READ)).toBe(ANSWERED);
  const { queries } = stage.only(A);
  expect(queries.at(-2)).toContain("set_config(E'work_mem',E'x',false)");
  expect(queries.at(-1)).toBe(READ);
});
