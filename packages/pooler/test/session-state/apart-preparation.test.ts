import { inspected, type Truth } from '../kit/answers';
import type { FakeBackend } from '../kit/fake-backend';
import { execute, frame, parse, query, sync } from '../kit/messages';
import { Rig } from '../kit/rig';

const use = (name: string): Buffer => frame('B', Buffer.from(`\0${name}\0\0\0\0\0\0\0`, 'latin1'));
const TRUTH: Truth = { temporary: false, locks: false, setting: 'x' };

/** A client whose settings are others than when it prepared `own`, which its link has not got. */
async function changedSince() {
  const rig = await Rig.open({ poolSize: 1, preparedStatementsMax: 1 });
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answer = (sql, self) => inspected(sql, TRUTH, self);
  client.send(parse('SELECT 1', 'own'), sync(), query('SET search_path TO x'));
  await rig.settle();
  client.send(parse('SELECT 2', 'other'), sync());
  await rig.settle();
  client.forget();
  return { rig, client, backend };
}

/** What runs next on the link, as PostgreSQL sees it: names are left out. */
async function nextOf(rig: Rig, backend: FakeBackend, send: () => void): Promise<string> {
  const before = backend.received.length;
  send();
  await rig.settle();
  return backend.received
    .slice(before)
    .map(({ tag, body }) => (tag === 'P' ? body.toString().split('\0')[1] : tag))
    .join(' ');
}

test('a statement is prepared apart under settings that hold for nothing else', async () => {
  const { rig, client, backend } = await changedSince();
  const sent = await nextOf(rig, backend, () => client.send(use('own'), execute(), sync()));
  expect(client.tags).toBe('2CZ');
  expect(sent).toContain('BEGIN');
  expect(sent).toMatch(/set_config\(name,reset_val,true\)/);
  expect(sent).not.toMatch(/false\)|RESET/);
});

test.each(['BEGIN', 'ROLLBACK', 'SELECT pg_catalog.set_config'])(
  'a cancel request that strikes the %s around it leaves nothing behind',
  async (struck) => {
    const { rig, client, backend } = await changedSince();
    let strikes = 1;
    backend.canceledAt = (sql) => sql.startsWith(struck) && strikes-- > 0;
    client.send(use('own'), execute(), sync());
    await rig.settle();
    expect(client.tags).toBe('EZ');
    expect(client.sqlState).toBe('57014');
    expect(backend.status).toBe('I');
    client.forget();
    client.send(use('own'), execute(), sync());
    await rig.settle();
    expect(client.tags).toBe('2CZ');
    expect(rig.pool().idleCount).toBe(1);
  },
);
