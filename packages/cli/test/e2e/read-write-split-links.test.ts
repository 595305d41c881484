import { waitFor } from '@pgweir/testkit';
import { SplitStage, serverOf, writesAndSees } from './support/split-stage';

let stage: SplitStage;

const RULES = ['local all all trust', 'hostssl all ann,carol,asker 127.0.0.1/32 scram-sha-256'];

beforeAll(async () => {
  stage = await SplitStage.open({
    tls: true,
    hba: RULES,
    users: [
      { name: 'app' },
      ...['ann', 'carol', 'asker'].map((name) => ({ name, password: `secret of ${name}` })),
    ],
  });
  await stage.primary.query('GRANT pg_read_all_data TO asker; GRANT SELECT ON pg_authid TO asker');
  await stage.replayed();
});

afterAll(() => stage?.close());
afterEach(() => stage.clear());

const TLS = { server_tls_sslmode: 'verify-full', server_tls_ca_file: '{certs}/ca.crt' };

test('TLS with verify-full goes to the primary and to replicas alike', async () => {
  await stage.start({
    settings: { ...TLS, health_check_user: 'ann' },
    userlist: '"app" ""\n"ann" "secret of ann"\n',
  });
  const client = await stage.reader({ user: 'ann' });
  await writesAndSees(client, 11);
  const encrypted = (await stage.show('SERVERS')).filter(({ tls }) => tls !== '');
  const ports = new Set(encrypted.map(({ port }) => port));
  expect(ports).toEqual(new Set([stage.primary.port, stage.replica.port]));
});

test('servers by Unix socket', async () => {
  await stage.start({ bySocket: true });
  const client = await stage.reader();
  await writesAndSees(client, 12);
  await stage.untilReadsAt(client, stage.replica);
});

test('users of auth_query have pools of their own on the replica, under their own names', async () => {
  await stage.start({
    settings: {
      ...TLS,
      ...{ auth_type: 'scram-sha-256', auth_user: 'asker', health_check_user: 'asker' },
    },
    userlist: '"asker" "secret of asker"\n"app" "x"\n',
  });
  for (const user of ['ann', 'carol']) {
    const client = await stage.reader({ user, password: `secret of ${user}` });
    const who = 'SELECT current_user::text AS name, whoami() AS port';
    await writesAndSees(client, 13);
    const seen = await waitFor(
      async () => {
        const [row] = (await client.query<{ name: string; port: number }>(who)).rows;
        return row?.port === stage.replica.port && row;
      },
      { what: 'a read on the replica' },
    );
    expect(seen.name).toBe(user);
  }
});

test('a replica whose pg_hba.conf does not know the user costs nobody an answer', async () => {
  await stage.start({ bySocket: true, settings: { health_check_user: 'ann' } });
  const [client, other] = [await stage.reader(), await stage.enter()];
  try {
    await stage.replica.setHba(['local all app reject', ...RULES]);
    await (await stage.admin()).query('RECONNECT app');
    for (let i = 0; i < 20; i++)
      for (const each of [client, other]) expect(await serverOf(each)).toBe(stage.primary.port);
    await writesAndSees(other, 14);
    const late = await stage.enter();
    expect(await serverOf(late)).toBe(stage.primary.port);
  } finally {
    await stage.replica.setHba(RULES);
  }
  await (await stage.admin()).query('RECONNECT app');
  await stage.untilReadsAt(client, stage.replica);
});

test('a database that only the * entry knows', async () => {
  const { primary, replica } = stage;
  const servers = `host=${primary.socketDir},${replica.socketDir} port=${primary.port},${replica.port}`;
  await stage.start({ bySocket: true, databases: [`* = ${servers} read_write_split=on`] });
  const client = await stage.reader({ database: 'postgres' });
  await writesAndSees(client, 15);
  await stage.untilReadsAt(client, stage.replica);
  const databases = (await stage.show('REPLICAS')).map(({ database }) => database);
  expect(databases).toContain('postgres');
});
