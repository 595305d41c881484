import { waitFor } from '@pgweir/testkit';
import { SplitStage } from './support/split-stage';

let stage: SplitStage;

beforeAll(async () => {
  stage = await SplitStage.open();
  // It says that it is a read, and is none: only the primary can run it.
  await stage.primary.query(`
    CREATE SEQUENCE s; GRANT ALL ON s TO public;
    CREATE FUNCTION liar() RETURNS bigint LANGUAGE plpgsql STABLE AS
      $$ BEGIN RETURN nextval('s'); END $$`);
  await stage.replayed();
  await stage.start({ settings: { statement_stats: '1' } });
});

afterAll(async () => {
  await stage?.clear();
  await stage?.close();
});

async function routing(): Promise<{ readonly onReplica: number; readonly rerouted: number }> {
  const [row] = await stage.show('ROUTING');
  return { onReplica: Number(row?.replica_xacts), rerouted: Number(row?.rerouted) };
}

test('statements count once wherever they run, also one that a replica refuses and the primary runs', async () => {
  const client = await stage.reader();
  const admin = await stage.admin();
  await admin.query('RESET STATEMENTS');
  const before = await routing();
  const read = { name: 'read', text: 'SELECT a FROM t WHERE id = $1', values: [1] };
  for (let at = 0; at < 5; at++) {
    await client.query('SELECT id FROM t WHERE a > -1');
    await client.query(read);
  }
  await client.query('UPDATE t SET a = 7 WHERE id = 1');
  expect((await client.query(read)).rows).toEqual([{ a: 7 }]);
  let lies = 0;
  await waitFor(
    async () => {
      await client.query('SELECT liar()');
      lies++;
      return (await routing()).rerouted > before.rerouted;
    },
    { what: 'a read that a replica has refused' },
  );
  expect((await routing()).onReplica).toBeGreaterThan(before.onReplica);
  const counts = (await stage.show('STATEMENTS')).map((row) => [
    row.statement,
    [row.calls, row.rows, row.errors].map(Number),
  ]);
  expect(Object.fromEntries(counts)).toEqual({
    'SELECT id FROM t WHERE a > -?': [5, 5, 0],
    'SELECT a FROM t WHERE id = $1': [6, 6, 0],
    'UPDATE t SET a = ? WHERE id = ?': [1, 1, 0],
    'SELECT liar()': [lies, lies, 0],
  });
});
