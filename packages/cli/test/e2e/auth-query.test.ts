import { type Cluster, type Daemon, RawClient, startCluster } from '@pgweir/testkit';
import { Client } from 'pg';
import {
  CLIENT_TLS,
  codeOf,
  configText,
  pgWay,
  rawTarget,
  startDaemonFor,
  withPg,
} from './support/rig';
import { ask, backendPid, enter, refusal, value } from './support/stage';

const PASSWORD = 'tea & scones';
/** `asker` is the auth_user; the others are in no file. */
const USERS = [
  { name: 'asker', password: 'ask' },
  { name: 'verifier', password: PASSWORD },
  { name: 'hash', password: PASSWORD, encryption: 'md5' as const },
  { name: 'expired', password: PASSWORD },
];
const FUNCTION = `
  CREATE FUNCTION look_up(INOUT name text, OUT password text) LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog AS
  $$ SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END
     FROM pg_authid WHERE rolname = name AND rolcanlogin $$`;

/** What would let anybody in, if auth_query found it in the place of `pg_authid`. */
const FORGED = `SELECT rolname::name, 'known'::text AS rolpassword, NULL::timestamptz AS rolvaliduntil,
  true AS rolcanlogin FROM (VALUES ('postgres'), ('nobody'), ('expired')) v (rolname)`;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({
    users: USERS,
    databases: [{ name: 'shop' }, { name: 'desk' }],
    hba: ['host all hash 127.0.0.1/32 md5', 'host all all 127.0.0.1/32 scram-sha-256'],
  });
  await cluster.primary.query(`
    ALTER ROLE expired VALID UNTIL '2001-01-01';
    CREATE ROLE nobody NOLOGIN PASSWORD '${PASSWORD}';
    GRANT CREATE ON DATABASE shop TO verifier;
    GRANT pg_read_all_data TO asker`);
  for (const database of ['shop', 'desk']) {
    await withPostgres(database, async (pg) => {
      await pg.query(FUNCTION);
      await pg.query('GRANT SELECT ON pg_authid TO asker');
    });
  }
});

afterAll(() => cluster?.stop());

async function withPostgres<T>(database: string, work: (client: Client) => Promise<T>): Promise<T> {
  const { socketDir, port } = cluster.primary;
  const client = new Client({ host: socketDir, port, user: 'postgres', database });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

interface Parts {
  readonly settings?: Readonly<Record<string, string>>;
  readonly databases?: Readonly<Record<string, string>>;
}

function parts({ settings, databases }: Parts) {
  return {
    settings: { auth_type: 'scram-sha-256', auth_user: 'asker', ...CLIENT_TLS, ...settings },
    databases: databases ?? { shop: '{server}', desk: '{server}' },
  };
}

async function start(more: Parts): Promise<Daemon> {
  return await startDaemonFor(cluster.primary, {
    ...parts(more),
    userlist: '"asker" "ask"\n"admin" "admin"\n',
  });
}

/** What is said by ourselves, not by PostgreSQL, to somebody who is not who it says. */
const WRONG = 'FATAL 28P01 SASL authentication failed';

describe.each([
  { pool_mode: 'session' },
  { pool_mode: 'transaction' },
  { pool_mode: 'transaction', workers: '2' },
  { pool_mode: 'transaction', session_state: 'leak' },
])('with %j', (mode) => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await start({ settings: mode });
  });

  afterAll(async () => {
    await daemon?.stop();
  });

  async function use(settings: Readonly<Record<string, string>>): Promise<void> {
    const text = configText(cluster.primary, parts({ settings: { ...mode, ...settings } }));
    await daemon.reload(text);
  }

  test('SCRAM goes through to PostgreSQL: the verifier lets the client in, its keys the links', async () => {
    for (const database of ['shop', 'desk']) {
      for (const way of ['tcp', 'tls', 'unix'] as const) {
        const config = { ...pgWay(daemon, way), user: 'verifier', password: PASSWORD, database };
        const { rows } = await withPg(config, (pg) => pg.query('SELECT current_user AS name'));
        expect(rows).toEqual([{ name: 'verifier' }]);
      }
    }
  });

  test('every way of proving it works with every kind of secret', async () => {
    for (const auth_type of ['plain', 'md5']) {
      await use({ auth_type });
      for (const user of ['verifier', 'hash']) {
        const client = await enter(daemon, { user, password: PASSWORD, database: 'shop' });
        expect(await ask(client, 'SELECT current_user')).toBe(user);
        client.destroy();
        const wrong = await refusal(daemon, { user, password: 'coffee', database: 'shop' });
        expect(wrong).toMatch(/^FATAL 28P01 /);
      }
    }
    await use({});
  });

  test.each(['stranger', 'expired', 'nobody'])(
    'user "%s" is refused as for a wrong password',
    async (user) => {
      const said = (name: string, password: string) =>
        refusal(daemon, { user: name, password, database: 'shop' });
      expect(await said(user, PASSWORD)).toBe(await said('verifier', 'coffee'));
    },
  );

  test('a search_path that the client brings along reaches no look-up', async () => {
    const evil = await enter(daemon, { user: 'verifier', password: PASSWORD, database: 'shop' });
    await ask(evil, "SELECT set_config('client_min_messages', 'error', false)");
    for (const sql of [
      'CREATE SCHEMA IF NOT EXISTS evil',
      `CREATE OR REPLACE VIEW evil.pg_authid AS ${FORGED}`,
      'GRANT USAGE ON SCHEMA evil TO public',
      'GRANT SELECT ON evil.pg_authid TO public',
    ]) {
      const messages = await evil.query(sql);
      expect(messages.filter(({ tag }) => tag === 'E')).toEqual([]);
    }
    evil.destroy();
    for (const parameters of [
      { search_path: 'evil,pg_catalog' },
      { options: '-c search_path=evil,pg_catalog' },
      { options: '--search_path=evil\\,pg_catalog -c role=verifier' },
    ]) {
      for (const user of ['postgres', 'nobody', 'expired']) {
        const more = { user, password: 'known', database: 'shop', parameters };
        expect(await refusal(daemon, more)).toBe(WRONG);
      }
      const more = { user: 'verifier', password: PASSWORD, database: 'shop' };
      const client = await enter(daemon, { ...more, parameters });
      expect(await ask(client, 'SHOW search_path')).toContain('evil');
      client.destroy();
    }
  });

  test('nor does what a client that is auth_user itself leaves behind', async () => {
    await use({ default_pool_size: '1' });
    const owner = await enter(daemon, { user: 'asker', password: 'ask', database: 'shop' });
    const pid = await backendPid(owner);
    expect(value(await owner.query('SET search_path = evil, pg_catalog; SHOW search_path'))).toBe(
      'evil, pg_catalog',
    );
    // Temporary objects go before those of pg_catalog.
    const made = await owner.query(`CREATE TEMPORARY VIEW pg_authid AS ${FORGED}`);
    expect(made.map(({ tag }) => tag)).toContain('C');
    owner.destroy();
    expect(await refusal(daemon, { user: 'nobody', password: 'known', database: 'shop' })).toBe(
      WRONG,
    );
    const client = await enter(daemon, { user: 'verifier', password: PASSWORD, database: 'shop' });
    client.destroy();
    expect(pid).toBeGreaterThan(0);
    await use({});
  });

  test('a password that is changed holds from the next login on', async () => {
    const changed = 'coffee';
    const login = (password: string) => enter(daemon, { user: 'hash', password, database: 'shop' });
    await use({ auth_type: 'md5' });
    try {
      (await login(PASSWORD)).destroy();
      await cluster.primary.query(
        `SET password_encryption = 'md5'; ALTER ROLE hash PASSWORD '${changed}'`,
      );
      await cluster.primary.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'hash'`,
      );
      await expect(login(PASSWORD)).rejects.toThrow();
      const client = await login(changed);
      expect(await ask(client, 'SELECT current_user')).toBe('hash');
      client.destroy();
    } finally {
      await cluster.primary.query(
        `SET password_encryption = 'md5'; ALTER ROLE hash PASSWORD '${PASSWORD}'`,
      );
      await use({});
    }
  });

  test('auth_dbname and auth_query of a reload hold for the next login', async () => {
    await use({ auth_query: 'SELECT name, password FROM public.look_up($1)', auth_dbname: 'desk' });
    const client = await enter(daemon, { user: 'verifier', password: PASSWORD, database: 'shop' });
    client.destroy();
    const from = daemon.log().length;
    await use({ auth_query: 'SELECT password FROM public.look_up($1)' });
    const refused = await refusal(daemon, {
      user: 'verifier',
      password: PASSWORD,
      database: 'shop',
    });
    expect(refused).toBe('FATAL F0000 bouncer config error');
    await daemon.logged('expected 2 columns (user name and password), not 1', { from });
    await use({ auth_dbname: 'nowhere' });
    expect(await refusal(daemon, { user: 'hash', password: PASSWORD, database: 'shop' })).toBe(
      'FATAL F0000 bouncer config error',
    );
    await daemon.logged('auth_dbname is not in [databases]', { from });
    await use({});
    const log = daemon.log();
    expect(log).not.toContain('SCRAM-SHA-256$');
    expect(log).not.toContain(PASSWORD);
  });

  test('a crowd that logs in at once comes in, within the caps', async () => {
    const all = Array.from({ length: 100 }, (_, i) =>
      enter(daemon, {
        user: i % 2 === 0 ? 'verifier' : 'expired',
        password: PASSWORD,
        database: 'shop',
      }).then(
        (client) => client.destroy(),
        () => undefined,
      ),
    );
    await Promise.all(all);
    const [row] = await cluster.primary.query(
      "SELECT count(*)::int AS count FROM pg_stat_activity WHERE usename = 'asker'",
    );
    expect(Number(row?.count)).toBeLessThanOrEqual(2 * 20);
    const client = await enter(daemon, { user: 'verifier', password: PASSWORD, database: 'shop' });
    client.destroy();
  });
});

test('trust: users have to exist in PostgreSQL, and the console asks where auth_dbname says', async () => {
  const settings = { auth_type: 'trust', auth_dbname: 'desk', admin_users: 'verifier, stranger' };
  const daemon = await start({ settings });
  try {
    for (const database of ['shop', 'pgweir']) {
      const client = await RawClient.connect(rawTarget(daemon));
      expect(await codeOf(client.login({ user: 'stranger', database }))).toBe('28000');
      client.destroy();
    }
    const console = await enter(daemon, { user: 'verifier', database: 'pgweir' });
    console.destroy();
  } finally {
    await daemon.stop();
  }
});
