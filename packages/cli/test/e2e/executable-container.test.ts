import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { availableMajors, findEngine, freePort, MAJORS, waitFor } from '@pgweir/testkit';
import { Client } from 'pg';
import { readmeBlock } from '../support/docs/readme-stage';
import { commandsOf } from '../support/docs/shell';
import {
  ContainerStage,
  openFolder,
  POSTGRES,
  type RunningPgweir,
} from './support/containers/stage';
import { fetchFrom } from './support/http';
import { run, testWith } from './support/programs';

const found = findEngine();
const engine = 'host' in found ? found : undefined;
const why = 'why' in found ? ` (skipped: ${found.why})` : '';
const describeContainers = engine === undefined ? describe.skip : describe;

/** With the stand-in as with the image: what npm has for this platform. */
const majors = MAJORS.filter((major) => availableMajors().includes(major));

describeContainers(`in a container${why}`, () => {
  let stage: ContainerStage;
  let server = 0;

  beforeAll(async () => {
    if (engine === undefined) return;
    stage = await ContainerStage.open(engine);
    server = await stage.postgres(18);
  }, 60_000);

  afterEach(() => stage.stopPoolers());

  afterAll(async () => {
    await stage?.close();
    await engine?.stop();
  }, 60_000);

  const urlOf = (port: number) =>
    `postgres://${POSTGRES.user}:${encodeURIComponent(POSTGRES.password)}@127.0.0.1:${port}/postgres`;

  async function connect({ port }: RunningPgweir, password: string = POSTGRES.password) {
    const where = { host: '127.0.0.1', port, database: 'postgres', user: POSTGRES.user };
    const client = new Client({ ...where, password });
    await client.connect();
    return client;
  }

  async function refuses(pgweir: RunningPgweir): Promise<boolean> {
    return await connect(pgweir).then(
      (client) => client.end().then(() => false),
      () => true,
    );
  }

  /** A secret as an orchestrator mounts it. */
  function secret(name: string, text: string): string {
    const file = join(openFolder(join(stage.dir, 'secrets')), name);
    writeFileSync(file, text);
    chmodSync(file, 0o644);
    return file;
  }

  test('one variable is a configuration; nobody is root and nothing is written', async () => {
    const pgweir = await stage.pgweir({ env: { PGWEIR_DATABASE_URL: urlOf(server) } });
    const client = await connect(pgweir);
    const { rows } = await client.query('SELECT 6 * $1::int AS n', [7]);
    expect(rows).toEqual([{ n: 42 }]);
    await client.end();
    await expect(connect(pgweir, 'wrong')).rejects.toMatchObject({ code: '28P01' });
    await pgweir.untilHealthy();
    const { Config, HostConfig } = await pgweir.inspect();
    expect(Config.User).toBe('65532:65532');
    expect(HostConfig.ReadonlyRootfs).toBe(true);
    expect(await pgweir.log()).not.toMatch(/running as root|p:w/);
    const ready = await fetch(`http://127.0.0.1:${pgweir.httpPort}/readyz`);
    expect(ready.status).toBe(200);
  });

  test('any user will do, and a secret may be a file', async () => {
    const mounts = { '/run/secrets/url': secret('url', `${urlOf(server)}\n`) };
    const env = { PGWEIR_DATABASE_URL_FILE: '/run/secrets/url', PGWEIR_WORKERS: '2' };
    const pgweir = await stage.pgweir({ env, mounts, user: '1000720000:0' });
    const client = await connect(pgweir);
    expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
    await client.end();
    await pgweir.untilHealthy();
  });

  test('a mounted file goes first, and says which variables have no effect', async () => {
    const port = await freePort();
    const text = `[databases]
postgres = host=127.0.0.1 port=${server} pool_size=3
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = userlist.txt
`;
    const list = `"${POSTGRES.user}" "${POSTGRES.password.replaceAll('"', '""')}"\n`;
    const mounts = {
      '/etc/pgweir/pgweir.ini': secret('pgweir.ini', text),
      '/etc/pgweir/userlist.txt': secret('userlist.txt', list),
    };
    const pgweir = await stage.pgweir({ mounts, port });
    await (await connect(pgweir)).end();
    await pgweir.untilHealthy();
    expect(await pgweir.log()).toContain(
      'PGWEIR_LISTEN_ADDR, PGWEIR_LISTEN_PORT, PGWEIR_METRICS_ADDR: without effect',
    );
  });

  test('stopped: nobody new comes in, running transactions end, and then all connections', async () => {
    const env = { PGWEIR_DATABASE_URL: urlOf(server), PGWEIR_POOL_MODE: 'transaction' };
    const pgweir = await stage.pgweir({ env });
    const [busy, idle] = [await connect(pgweir), await connect(pgweir)];
    await busy.query('BEGIN');
    const left = [busy, idle].map((client) => once(client, 'error'));
    const stopped = pgweir.stop(20);
    await waitFor(() => refuses(pgweir), { what: 'nobody new to be let in' });
    expect((await busy.query('SELECT 2 AS n')).rows).toEqual([{ n: 2 }]);
    await busy.query('COMMIT');
    await Promise.all(left);
    await stopped;
    expect((await pgweir.inspect()).State).toMatchObject({ ExitCode: 0, OOMKilled: false });
  });

  testWith('docker')('the command of the README runs it', async () => {
    const text = readmeBlock('sh', 'docker run');
    const [, command] = commandsOf({ page: 'README.md', line: 1, text });
    const [port, httpPort] = [await freePort(), await freePort()];
    const name = `pgweir-test-readme-${process.pid}`;
    // The engine has no network of its own here: places are this machine's, instead of published ports.
    const places = [
      ...['-d', '--rm', '--name', name, '--network', 'host'],
      ...['-e', `PGWEIR_LISTEN_PORT=${port}`, '-e', `PGWEIR_METRICS_ADDR=127.0.0.1:${httpPort}`],
    ];
    const words = (command?.text ?? '')
      .replace('postgres://user:password@db.example.org/app', urlOf(server))
      .split(' ')
      .flatMap((word) =>
        word === 'run' ? [word, ...places] : word === 'pgweir' ? stage.image : word,
      )
      .filter((word, at, all) => word !== '-p' && all[at - 1] !== '-p');
    const docker = (...args: readonly string[]) =>
      run('docker', args, { env: { DOCKER_HOST: engine?.host ?? '' } });
    expect(words.splice(0, 1)).toEqual(['docker']);
    expect(await docker(...words)).toMatchObject({ code: 0, stderr: '' });
    try {
      const where = { host: '127.0.0.1', port, database: 'postgres' };
      await waitFor(async () => (await docker('logs', name)).stderr.includes('process up'), {
        what: 'the container to be up',
      });
      const client = new Client({ ...where, ...POSTGRES });
      await client.connect();
      expect((await client.query('SELECT 1 AS n')).rows).toEqual([{ n: 1 }]);
      await client.end();
      const page = await fetchFrom(httpPort, '/dashboard/');
      expect([page.status, page.body]).toEqual([200, expect.stringContaining('<title>pgweir')]);
      expect((await fetchFrom(httpPort, '/metrics')).body).toContain('pgweir_ready 1\n');
    } finally {
      expect(await docker('stop', name)).toMatchObject({ code: 0 });
    }
  });

  test.each(majors)('before PostgreSQL %i in another container', async (major) => {
    const port = await stage.postgres(major);
    const pgweir = await stage.pgweir({ env: { PGWEIR_DATABASE_URL: urlOf(port) } });
    const client = await connect(pgweir);
    const { rows } = await client.query(
      "SELECT current_setting('server_version_num')::int / 10000 AS major",
    );
    expect(rows).toEqual([{ major }]);
    await client.end();
  });
});
