import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Cluster,
  type Daemon,
  makeScratch,
  type Scratch,
  startCluster,
  startDaemon,
} from '@pgweir/testkit';
import { withPg } from './support/rig';

let cluster: Cluster;
let scratch: Scratch;
let daemon: Daemon | undefined;

beforeAll(async () => {
  scratch = makeScratch();
  const users = ['ann', 'bob'].map((name) => ({ name, password: 'one' }));
  cluster = await startCluster({ users });
});

afterEach(async () => {
  await daemon?.stop();
  daemon = undefined;
});

afterAll(async () => {
  await cluster?.stop();
  scratch?.remove();
});

const userlist = () => join(scratch.dir, 'userlist');

async function serve(workers: number): Promise<Daemon> {
  writeFileSync(userlist(), '"ann" "one"\n');
  daemon = await startDaemon({
    config: '[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n%include env:\n',
    env: {
      PGWEIR_DATABASE_URL: `postgres://127.0.0.1:${cluster.primary.port}/postgres`,
      PGWEIR_USERLIST_FILE: userlist(),
      ...{ PGWEIR_AUTH_TYPE: 'scram-sha-256', PGWEIR_UNIX_SOCKET_DIR: '' },
      PGWEIR_WORKERS: String(workers),
    },
  });
  return daemon;
}

async function ask({ port }: Daemon, user: string): Promise<unknown> {
  const login = { host: '127.0.0.1', port, user, password: 'one', database: 'postgres' };
  return await withPg(login, async (client) => {
    const { rows } = await client.query('SELECT current_user AS who');
    return rows[0]?.who;
  });
}

test.each([1, 2])(
  'with %i workers the variables are the configuration, and a reload reads their files again',
  async (workers) => {
    const running = await serve(workers);
    expect(await ask(running, 'ann')).toBe('ann');
    await expect(ask(running, 'bob')).rejects.toMatchObject({ code: '28P01' });
    writeFileSync(userlist(), '"bob" "one"\n');
    await running.reload();
    expect(await ask(running, 'bob')).toBe('bob');
    await expect(ask(running, 'ann')).rejects.toMatchObject({ code: '28P01' });
  },
);
