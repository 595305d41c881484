import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  type Cluster,
  frontend,
  makeScratch,
  type RawClient,
  startCluster,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { commandOn, consoleRows, RUNTIMES } from './support/crew';
import { cancelBy, Group, type Instance, instanceOf, type OtherPeer } from './support/group';
import { ask, enter, ini, untilError, untilRuns, userlist } from './support/stage';

const CANCELED = 'ERROR 57014 canceling statement due to user request';
let cluster: Cluster;
let group: Group;
let clients: RawClient[] = [];

beforeAll(async () => {
  cluster = await startCluster({ users: [{ name: 'app' }] });
});

afterAll(() => cluster.stop());

afterEach(async () => {
  for (const client of clients) client.destroy();
  clients = [];
  await group.stop();
});

async function start(
  instances: readonly Instance[],
  others: readonly OtherPeer[] = [],
): Promise<void> {
  group = await Group.start(cluster.primary, instances, others);
}

type Found = Awaited<ReturnType<Group['client']>>;

async function arrive(id: number, protocol: '3.0' | '3.2' = '3.0'): Promise<Found> {
  const found = await group.client(id, { protocol });
  clients.push(found.client);
  return found;
}

/** Has a statement of a client cancelled by a request that goes to `to`. */
async function canceledBy(
  to: Parameters<typeof cancelBy>[0],
  { client, login }: Found,
): Promise<void> {
  const marker = `'${login.cancelKey.toString('hex')}'`;
  client.send(frontend.query(`SELECT pg_sleep(60), ${marker}`));
  await untilRuns(cluster.primary, marker);
  await cancelBy(to, login);
  expect(await untilError(client)).toBe(CANCELED);
  await client.until('Z');
  client.forget();
}

describe.each(RUNTIMES)('two instances on one port, on %s', (runtime) => {
  test('share its connections, and a cancel request is right wherever it lands', async () => {
    await start([{ runtime }, { runtime }]);
    const port = { host: '127.0.0.1', port: group.port };
    for (const id of [1, 2]) {
      const found = await arrive(id);
      expect(await ask(found.client, `SELECT ${id}`)).toBe(String(id));
      for (let i = 0; i < 4; i++) await canceledBy(port, found);
    }
  });

  test('one shuts down without a client noticing; its own are cancelled until they leave', async () => {
    await start([{ runtime }, { runtime }]);
    const [staying, other] = [group.daemon(1), group.daemon(2)];
    const found = await arrive(2);
    await ask(found.client, 'SELECT 1');
    other.kill('SIGTERM');
    await other.logged('waiting until the clients are gone');
    const { host } = staying;
    for (let i = 0; i < 40; i++) clients.push(await enter({ host, port: group.port }));
    const late = await arrive(1);
    await canceledBy({ path: staying.socketPath }, found);
    await canceledBy({ path: other.socketPath }, late);
    found.client.destroy();
    expect(await other.exit).toEqual({ code: 0, signal: null });
    expect(await ask(late.client, 'SELECT 1')).toBe('1');
    await cancelBy({ path: staying.socketPath }, found.login);
    await staying.logged(/failed to forward cancel request peer=2 reason=.*(ENOENT|ECONNREFUSED)/);
  });

  test('the port is not for a daemon that does not share it', async () => {
    await start([{ runtime }]);
    const alone = startDaemon({
      config: ini(cluster.primary),
      userlist: userlist(['app']),
      command: commandOn(runtime),
      port: group.port,
    });
    await expect(alone).rejects.toThrow(/the port is taken/);
  });
});

test('three instances of both runtimes, one with workers, find the clients of all', async () => {
  await start([{ runtime: 'node', workers: 2 }, { runtime: 'bun' }, { runtime: 'node' }]);
  for (const from of [1, 2, 3]) {
    for (const protocol of ['3.0', '3.2'] as const) {
      const found = await arrive(from, protocol);
      for (const to of [1, 2, 3]) {
        // Both workers of the first, most likely.
        const times = to === 1 || from === 1 ? 4 : 1;
        for (let i = 0; i < times; i++) {
          await canceledBy({ path: group.daemon(to).socketPath }, found);
        }
      }
    }
  }
  for (const daemon of group.daemons) expect(daemon.log()).not.toContain('failed');
});

test('an instance with workers that shuts down hears its peers until its clients have left', async () => {
  await start([{ runtime: 'bun', workers: 2 }, { runtime: 'node' }]);
  const found = await arrive(1);
  const leaving = group.daemon(1);
  leaving.kill('SIGTERM');
  await leaving.logged('waiting until the clients are gone');
  await canceledBy({ path: group.daemon(2).socketPath }, found);
  expect(instanceOf((await arrive(2)).login)).toBe(2);
  found.client.destroy();
  expect(await leaving.exit).toEqual({ code: 0, signal: null });
});

test('the console shows the requests that are with a peer, and those that wait', async () => {
  const scratch = makeScratch();
  const held = new Set<Socket>();
  const silent = createServer((socket) => held.add(socket));
  try {
    await start([{ runtime: 'node', workers: 2 }], [{ id: 9, host: scratch.dir, poolSize: 1 }]);
    const path = join(scratch.dir, `.s.PGSQL.${group.port}`);
    await new Promise<void>((resolve) => silent.listen(path, resolve));
    const daemon = group.daemon(1);
    expect(await consoleRows(daemon, 'SHOW PEERS')).toEqual([
      { peer_id: '1', host: daemon.dir, port: String(group.port), pool_size: '5' },
      { peer_id: '9', host: scratch.dir, port: String(group.port), pool_size: '1' },
    ]);
    const key = { processId: 0x090000, cancelKey: Buffer.of(1, 2, 3, 3) };
    const requests = Array.from({ length: 6 }, () => cancelBy({ path: daemon.socketPath }, key));
    const pool = async () => {
      const rows = await consoleRows(daemon, 'SHOW PEER_POOLS');
      return rows.find(({ peer_id: id }) => id === '9');
    };
    await waitFor(
      async () => {
        const { cl_active_cancel_req: sent, cl_waiting_cancel_req: queued } = (await pool()) ?? {};
        return Number(sent) === held.size && Number(sent) + Number(queued) === 6 && held.size > 0;
      },
      { what: 'six requests in the picture' },
    );
    silent.on('connection', (socket) => socket.end());
    for (const socket of held) socket.end();
    await Promise.all(requests);
    expect(await pool()).toMatchObject({ cl_active_cancel_req: '0', cl_waiting_cancel_req: '0' });
  } finally {
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
    scratch.remove();
  }
});
