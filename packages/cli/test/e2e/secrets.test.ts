import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeSts, startDaemon, startFakeSts, waitFor } from '@pgweir/testkit';
import './support/all-loaded';
import { onStage, SHOP } from './support/secrets-play';
import { consoleRows, FIRST_PASSWORD, PASSWORD_MARK, secretOf } from './support/secrets-stage';

describe.each(['scram-sha-256', 'md5', 'plain'])('auth_type = %s', (auth_type) => {
  test.concurrent('the user of a secret logs in with its password, and nobody else does', () =>
    onStage(
      {
        settings: { auth_type },
        databases: { ...SHOP, other: '{server} dbname=postgres' },
      },
      async ({ login, rig, arn }) => {
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        // At once: each may wait for another look at the secret, which is the same for all then.
        expect(
          await Promise.all([
            login('app', 'wrong'),
            login('app_clone', FIRST_PASSWORD),
            login('app', FIRST_PASSWORD, 'other'),
          ]),
        ).toEqual(['28P01', '28P01', '28P01']);
        const [row] = await consoleRows(rig.daemon, 'SHOW SECRETS');
        expect(row).toMatchObject({ secret: arn, databases: 'shop', users: '', error: null });
        expect(Number(row?.read_age)).toBeGreaterThanOrEqual(0);
        expect(JSON.stringify(row)).not.toContain(PASSWORD_MARK);
      },
    ));
});

test.concurrent('the secret of a user serves all databases, also for links, and the console', () =>
  onStage(
    {
      databases: { shop: '{server} dbname=postgres', forced: '{server} dbname=postgres user=app' },
      users: { app: 'secret={arn}' },
      settings: { admin_users: 'chief,app' },
    },
    async (stage) => {
      const { login } = stage;
      expect(await login('app', FIRST_PASSWORD)).toBe('app');
      expect(await login('app', FIRST_PASSWORD, 'forced')).toBe('app');
      expect(await login('chief', 'x', 'forced')).toBe('app');
      const rows = await consoleRows(stage.rig.daemon, 'SHOW SECRETS', {
        user: 'app',
        password: FIRST_PASSWORD,
      });
      expect(rows).toMatchObject([{ secret: stage.arn, databases: '', users: 'app' }]);
    },
  ));

test.concurrent('a reload brings a secret, changes its place, and takes it away', () =>
  onStage({ databases: { shop: '{server} dbname=postgres' } }, async (stage) => {
    const { login, endLinks } = stage;
    const { manager, rig } = stage;
    expect(await login('app', FIRST_PASSWORD)).toBe('28P01');
    expect(manager.endpoint.requests).toEqual([]);
    await rig.daemon.reload(stage.config({ databases: SHOP }), 'configuration reloaded');
    expect(await login('app', FIRST_PASSWORD)).toBe('app');
    const other = manager.put('other', secretOf('app', `${PASSWORD_MARK}-other`));
    await stage.setPassword('app', `${PASSWORD_MARK}-other`);
    await rig.daemon.reload(
      stage.config({ databases: { shop: `{server} dbname=postgres secret=${other}` } }),
      'configuration reloaded',
    );
    await endLinks();
    expect(await login('app', FIRST_PASSWORD)).toBe('28P01');
    expect(await login('app', `${PASSWORD_MARK}-other`)).toBe('app');
    await rig.daemon.reload(
      stage.config({ databases: { shop: '{server} dbname=postgres' } }),
      'configuration reloaded',
    );
    expect(await login('app', `${PASSWORD_MARK}-other`)).toBe('28P01');
    expect(await consoleRows(rig.daemon, 'SHOW SECRETS')).toEqual([]);
  }));

test.concurrent.each([1, 2])(
  'a file as Kubernetes mounts it, exchanged at once by a link, %i worker(s)',
  (workers) =>
    onStage(
      {
        databases: { shop: '{server} dbname=postgres user=app secret=file:{dir}/mount/password' },
        settings: { workers: `${workers}`, secrets_refresh: '600' },
      },
      async (stage) => {
        const { login, endLinks } = stage;
        const { dir } = stage.rig.daemon;
        const mount = join(dir, 'mount');
        const put = (version: string, password: string): void => {
          mkdirSync(join(mount, version), { recursive: true });
          writeFileSync(join(mount, version, 'password'), `${password}\n`);
          symlinkSync(version, join(mount, '..data_tmp'));
          renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
        };
        const said = (text: string): number => stage.rig.daemon.log().split(text).length - 1;
        const processes = workers === 1 ? 1 : workers + 1;
        put('..1', FIRST_PASSWORD);
        symlinkSync('..data/password', join(mount, 'password'));
        const everywhere = () => said('the secret can be read again') === processes;
        await waitFor(everywhere, { what: 'the secret' });
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        const second = `${PASSWORD_MARK}-second`;
        // The file is the first to change: the password before is good until the database has changed.
        put('..2', second);
        const changedEverywhere = () => said('the secret has changed') === processes;
        await waitFor(changedEverywhere, { what: 'the next version' });
        await endLinks();
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        await stage.setPassword('app', second);
        await endLinks();
        expect(await login('app', second)).toBe('app');
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        // The database is: whoever needs a new link waits until the file has.
        const third = `${PASSWORD_MARK}-third`;
        put('..3', third);
        await stage.setPassword('app', third);
        await endLinks();
        expect(await login('app', third)).toBe('app');
        expect(stage.rig.daemon.log()).not.toContain(PASSWORD_MARK);
      },
    ),
);

test.concurrent('secret_overlap ends the time of the password before', () =>
  onStage({ databases: SHOP, settings: { secret_overlap: '2' } }, async (stage) => {
    const { login } = stage;
    const { manager } = stage;
    const second = `${PASSWORD_MARK}-second`;
    await manager.rotate('db', secretOf('app', second), {
      setSecret: () => stage.setPassword('app', second),
    });
    expect(await login('app', second)).toBe('app');
    expect(await login('app', FIRST_PASSWORD)).toBe('app');
    await waitFor(async () => (await login('app', FIRST_PASSWORD)) === '28P01', {
      what: 'the end of the overlap',
    });
    expect(await login('app', second)).toBe('app');
  }));

test.concurrent('clients never log in with a password that is only pending', () =>
  onStage({ databases: SHOP }, async (stage) => {
    const { login } = stage;
    const { manager } = stage;
    const next = `${PASSWORD_MARK}-next`;
    manager.createSecret('db', secretOf('app', next));
    await stage.setPassword('app', next);
    expect(await login('app', FIRST_PASSWORD)).toBe('app');
    expect(await login('app', next)).toBe('28P01');
    manager.finishSecret('db');
    expect(await login('app', next)).toBe('app');
  }));

test.concurrent('who asks the servers how they are logs in by the secret, also after a rotation', () =>
  onStage(
    {
      databases: {
        shop: '{server} dbname=postgres user=app secret={arn} target_session_attrs=any',
      },
      settings: { auth_type: 'any' },
    },
    async (stage) => {
      const { login, endLinks } = stage;
      const { manager, rig } = stage;
      const isUp = async () => (await consoleRows(rig.daemon, 'SHOW TOPOLOGY'))[0]?.health === 'up';
      await waitFor(isUp, { what: 'health checks' });
      for (const user of ['app', 'app_clone']) {
        const next = `${PASSWORD_MARK}-${user}`;
        await manager.rotate('db', secretOf(user, next), {
          setSecret: async () => {
            await stage.setPassword(user, next);
            await endLinks();
            await waitFor(isUp, { what: 'health checks while the password is pending' });
          },
        });
        await endLinks();
        await waitFor(isUp, { what: 'health checks after the rotation' });
        expect(await login('app', '')).toMatch(/^app/);
      }
    },
  ));

test.concurrent('a secret that names another server is told once, and the server of the database is used', () =>
  onStage(
    {
      databases: SHOP,
      secret: { ...secretOf('app', FIRST_PASSWORD), host: 'elsewhere.test', port: 1, dbname: 'x' },
    },
    async (stage) => {
      const { login } = stage;
      expect(await login('app', FIRST_PASSWORD)).toBe('app');
      await stage.rig.daemon.reload(stage.config({ databases: SHOP }), 'configuration reloaded');
      const lines = stage.rig.daemon.log().split('\n');
      const told = lines.filter((line) => line.includes('names another server'));
      expect(told).toHaveLength(1);
      expect(told[0]).toContain('host=elsewhere.test port=1 dbname=x');
    },
  ));

test.concurrent('a role is assumed for a secret: that of its entry, or the one for all', async () => {
  let sts: FakeSts | undefined;
  const role = (name: string) => `arn:aws:iam::123456789012:role/${name}`;
  try {
    await onStage(
      {
        databases: {
          shop: `{server} dbname=postgres secret={arn} secret_role_arn=${role('of-shop')}`,
          other: '{server} dbname=postgres secret={arn}',
        },
        users: { app_clone: `secret={arn} secret_role_arn=${role('of-user')}` },
        settings: { secret_role_arn: role('of-all') },
        variables: async (keys) => {
          sts = await startFakeSts({ keys });
          for (const name of ['of-shop', 'of-user', 'of-all']) sts.addRole({ name });
          return { AWS_ENDPOINT_URL_STS: sts.url };
        },
      },
      async ({ login, manager }) => {
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        expect(await login('app', FIRST_PASSWORD, 'other')).toBe('app');
        const { requests } = manager.endpoint;
        const readers = requests.map(({ headers }) => {
          const [, line = ''] =
            headers.find(([name]) => name.toLowerCase() === 'authorization') ?? [];
          const id = /Credential=([A-Z0-9]+)\//.exec(line)?.[1] ?? '';
          return manager.keys.find(id)?.arn.split('/')[1];
        });
        expect(new Set(readers)).toEqual(new Set(['of-shop', 'of-user', 'of-all']));
      },
    );
  } finally {
    await sts?.stop();
  }
});

test.concurrent.each([1, 2])(
  'an online restart has its secrets before it serves, %i worker(s)',
  (workers) => {
    const settings = { workers: `${workers}`, secrets_refresh: '600' };
    return onStage({ databases: SHOP, settings }, async (stage) => {
      const { login, manager, rig } = stage;
      const second = `${PASSWORD_MARK}-second`;
      await manager.rotate('db', secretOf('app', second), {
        setSecret: () => stage.setPassword('app', second),
      });
      // Slow, so that whoever did not wait would be found out.
      manager.endpoint.setAccident({ kind: 'delay', ms: 500 });
      const successor = await startDaemon({
        config: stage.config({ databases: SHOP, settings }),
        userlist: '"chief" "x"\n',
        env: stage.env,
        args: ['-R'],
        successorOf: rig.daemon,
      });
      try {
        expect(await login('app', second)).toBe('app');
        // As its predecessor would have done: the version is younger than secret_overlap.
        expect(await login('app', FIRST_PASSWORD)).toBe('app');
        expect(await login('app', 'wrong')).toBe('28P01');
      } finally {
        await successor.stop();
      }
    });
  },
);
