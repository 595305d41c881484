import { DatabaseReads } from '../../src/routing/database-reads';
import { query } from '../kit/messages';
import { A, PRIMARY, Stage } from '../read-write-split/stage';

test('the catalog of the primary is asked: replicas may not have heard of a change yet', async () => {
  const stage = await Stage.open();
  const { pooler, server } = stage.rig;
  const client = await stage.rig.client();
  client.send(query('SELECT a FROM t'));
  await stage.rig.settle();
  for (const backend of server.liveAt(PRIMARY)) backend.close();
  await stage.rig.settle();
  expect(server.live.length).toBeGreaterThan(0);
  const { judge } = new DatabaseReads(pooler, stage.database);
  const text = Buffer.from('SELECT b FROM u');
  expect(judge.isProvenRead(text, 0, text.length)).toBe(false);
  await stage.rig.settle();
  const asked = server.backends.filter(({ queries, received }) =>
    [...queries, ...received.map(({ body }) => body.toString('latin1'))].some((sql) =>
      sql.includes('pg_proc'),
    ),
  );
  const ports = asked.map(({ wire: { remote } }) => (remote.kind === 'tcp' ? remote.port : 0));
  expect(ports).toEqual([PRIMARY]);
  expect(ports).not.toContain(A);
});
