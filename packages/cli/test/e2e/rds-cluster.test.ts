import {
  type Cluster,
  type Daemon,
  makeRdsCluster,
  promoteInRdsCluster,
  resourceId,
  type Server,
  startCluster,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import type { Shown } from './support/cluster-stage';
import { said } from './support/roles-stage';
import { pooler } from './support/stage';

let cluster: Cluster | undefined;
let daemon: Daemon | undefined;
let clients: Client[] = [];

afterEach(async () => {
  for (const client of clients) await client.end().catch((error: unknown) => error);
  clients = [];
  await daemon?.stop();
  daemon = undefined;
  await cluster?.stop();
  cluster = undefined;
});

async function enter(database: string): Promise<Client> {
  if (daemon === undefined) throw new Error('no daemon');
  const { host, port } = daemon;
  const client = new Client({ host, port, user: 'app', database });
  client.on('error', () => undefined);
  await client.connect();
  clients.push(client);
  return client;
}

const WHO = 'SELECT rds_tools.dbi_resource_id()';

/** One writer and two readers, of which pgweir is told one. */
async function open(told: (of: Cluster) => Server, attributes: string): Promise<Cluster> {
  cluster = await startCluster({
    ...{ replicas: 2, users: [{ name: 'app' }] },
    settings: { synchronous_commit: 'on' },
  });
  await cluster.primary.query('CREATE TABLE things (id int); GRANT ALL ON things TO app');
  await makeRdsCluster(cluster);
  const { host, port } = told(cluster);
  const entry = `app = host=${host} port=${port} dbname=postgres topology=rds-cluster ${attributes}`;
  daemon = await pooler(cluster.primary, {
    databases: [entry],
    settings: { admin_users: 'app', health_check_user: 'app', health_check_interval: 0.1 },
  });
  return cluster;
}

async function untilServing(roles: ReadonlyMap<Server, string>): Promise<readonly Shown[]> {
  const console = await enter('pgweir');
  return await waitFor(
    async () => {
      const { rows } = await console.query<Shown>('SHOW TOPOLOGY');
      const isSo = [...roles].every(([{ port }, role]) =>
        rows.some((row) => row.port === port && row.role === role && row.out_of_service === null),
      );
      return isSo && rows.length === roles.size && rows;
    },
    { what: 'the members to serve' },
  );
}

function first({ replicas }: Cluster): readonly [Server, Server] {
  const [one, other] = replicas;
  if (one === undefined || other === undefined) throw new Error('no replicas');
  return [one, other];
}

test('topology = rds-cluster: a reader tells the others; sessions read their own writes from readers', async () => {
  const of = await open((each) => first(each)[0], 'read_write_split=on');
  const { primary } = of;
  const [one, other] = first(of);
  const rows = await untilServing(
    new Map([
      [primary, 'primary'],
      [one, 'replica'],
      [other, 'replica'],
    ]),
  );
  expect(rows.map(({ member }) => member).sort()).toEqual(
    [primary, one, other].map(resourceId).sort(),
  );
  const client = await enter('app');
  const readers: readonly unknown[] = [one, other].map(resourceId);
  for (let i = 1; i <= 20; i++) {
    await client.query('INSERT INTO things VALUES ($1)', [i]);
    expect(await said(client, 'SELECT count(*)::int FROM things')).toBe(i);
    await waitFor(async () => readers.includes(await said(client, WHO)), {
      what: 'a reader to have it',
    });
    // Read from there, now that a reader has it.
    expect(await said(client, 'SELECT count(*)::int FROM things')).toBe(i);
  }
});

test('the writer is lost: the reader that RDS promotes takes over', async () => {
  const of = await open(({ primary }) => primary, 'target_session_attrs=read-write');
  const [next, third] = first(of);
  await untilServing(
    new Map([
      [of.primary, 'primary'],
      [next, 'replica'],
      [third, 'replica'],
    ]),
  );
  const client = await enter('app');
  const write = 'INSERT INTO things VALUES (1) RETURNING id';
  expect(await said(client, write)).toBe(1);
  await of.primary.kill();
  const waiting = client.query(write).catch((error: unknown) => error);
  await promoteInRdsCluster(next);
  await waiting;
  expect(await said(client, write)).toBe(1);
  await of.rejoin(third, next);
  await of.rejoin(of.primary, next);
  await untilServing(
    new Map([
      [of.primary, 'replica'],
      [next, 'primary'],
      [third, 'replica'],
    ]),
  );
});
