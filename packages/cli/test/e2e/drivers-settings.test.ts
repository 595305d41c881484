import { BackendError, RawClient, rowValues } from '@pgweir/testkit';
import { Client, type ClientConfig } from 'pg';
import postgres from 'postgres';
import { run, testWith } from './support/programs';
import { codeOf, pgWay, type Rig, rawTarget, startRig, withPg } from './support/rig';

/** One link for all clients: who sees a neighbour's settings fails here. */
const DATABASES = {
  shared: '{server} dbname=shop pool_mode=transaction',
  single: '{server} dbname=shop pool_mode=statement',
  own: '{server} dbname=shop pool_mode=session pool_size=5',
  preset:
    "{server} dbname=shop pool_mode=transaction timezone='Asia/Tokyo' application_name=preset",
};

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: { users: [{ name: 'ann' }], databases: [{ name: 'shop', owner: 'ann' }] },
    settings: { auth_type: 'trust', default_pool_size: '1' },
    databases: DATABASES,
    userlist: '"ann" ""\n',
  });
});

afterAll(() => rig?.stop());

type Parameters = Readonly<Record<string, string>>;

async function login(database: string, parameters: Parameters = {}) {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  const result = await client.login({ user: 'ann', database, parameters }).catch((error) => {
    client.destroy();
    throw error;
  });
  const ask = async (sql: string): Promise<(string | null)[]> => {
    const messages = await client.query(sql);
    return messages.filter(({ tag }) => tag === 'D').flatMap(rowValues);
  };
  const show = (names: readonly string[]): Promise<(string | null)[]> =>
    ask(`SELECT ${names.map((name) => `current_setting('${name}')`).join(', ')}`);
  return { client, reported: result.parameters, ask, show };
}

const NAMES = ['application_name', 'TimeZone', 'DateStyle', 'client_encoding', 'search_path'];

test.each(['shared', 'single', 'own'])(
  'database %s: each client has its own startup parameters, whatever the others have',
  async (database) => {
    const clients = await Promise.all([
      login(database, {
        application_name: 'first',
        TimeZone: 'Europe/Rome',
        DateStyle: 'German',
        client_encoding: 'LATIN1',
        search_path: 'pg_catalog, public',
      }),
      login(database, {
        application_name: "se'cond \\ with quotes",
        timezone: 'America/New_York',
        DATESTYLE: 'SQL, DMY',
        options: '-c search_path=information_schema --statement-timeout=1234 -c geqo=off',
      }),
      login(database),
      login(database, { IntervalStyle: 'iso_8601', extra_float_digits: '2' }),
    ]);
    const expected = [
      ['first', 'Europe/Rome', 'German, DMY', 'LATIN1', 'pg_catalog, public'],
      ["se'cond \\ with quotes", 'America/New_York', 'SQL, DMY', 'UTF8', 'information_schema'],
      ['', 'UTC', 'ISO, MDY', 'UTF8', '"$user", public'],
      ['', 'UTC', 'ISO, MDY', 'UTF8', '"$user", public'],
    ];
    const others = ['statement_timeout', 'geqo', 'IntervalStyle', 'extra_float_digits'];
    try {
      for (let round = 0; round < 3; round++) {
        const seen = await Promise.all(clients.map(({ show }) => show(NAMES)));
        expect(seen).toEqual(expected);
        expect(await Promise.all(clients.map(({ show }) => show(others)))).toEqual([
          ['0', 'on', 'postgres', '1'],
          ['1234ms', 'off', 'postgres', '1'],
          ['0', 'on', 'postgres', '1'],
          ['0', 'on', 'iso_8601', '2'],
        ]);
      }
      const told = clients.map(({ reported }) =>
        ['application_name', 'TimeZone', 'DateStyle', 'client_encoding', 'IntervalStyle'].map(
          (name) => reported.get(name),
        ),
      );
      expect(told).toEqual([
        ['first', 'Europe/Rome', 'German, DMY', 'LATIN1', 'postgres'],
        ["se'cond \\ with quotes", 'America/New_York', 'SQL, DMY', 'UTF8', 'postgres'],
        ['', 'UTC', 'ISO, MDY', 'UTF8', 'postgres'],
        ['', 'UTC', 'ISO, MDY', 'UTF8', 'iso_8601'],
      ]);
    } finally {
      for (const { client } of clients) client.destroy();
    }
  },
);

test('the encoding that a client asked for is the one it gets text in', async () => {
  const latin = await login('shared', { client_encoding: 'LATIN1' });
  const utf = await login('shared');
  try {
    for (let round = 0; round < 2; round++) {
      const [row] = (await latin.client.query("SELECT U&'\\00fc'")).filter(
        ({ tag }) => tag === 'D',
      );
      expect(row?.body.subarray(6)).toEqual(Buffer.from([0xfc]));
      expect(await utf.ask("SELECT U&'\\00fc'")).toEqual(['ü']);
    }
  } finally {
    latin.client.destroy();
    utf.client.destroy();
  }
});

test('what a client sets itself stays with it in transaction mode', async () => {
  const [first, second] = await Promise.all([login('shared'), login('shared')]);
  try {
    await first.ask("SET TimeZone = 'Asia/Kolkata'");
    await second.ask("SET application_name = 'second'");
    for (let round = 0; round < 2; round++) {
      expect(await first.show(['TimeZone', 'application_name'])).toEqual(['Asia/Kolkata', '']);
      expect(await second.show(['TimeZone', 'application_name'])).toEqual(['UTC', 'second']);
    }
  } finally {
    first.client.destroy();
    second.client.destroy();
  }
});

test('parameters of the database hold for clients that ask for nothing else', async () => {
  const plain = await login('preset');
  const other = await login('preset', { TimeZone: 'Europe/Rome' });
  try {
    for (let round = 0; round < 2; round++) {
      expect(await plain.show(['TimeZone', 'application_name'])).toEqual(['Asia/Tokyo', 'preset']);
      expect(await other.show(['TimeZone', 'application_name'])).toEqual(['Europe/Rome', 'preset']);
    }
    expect(plain.reported.get('TimeZone')).toBe('Asia/Tokyo');
  } finally {
    plain.client.destroy();
    other.client.destroy();
  }
});

const REFUSED: readonly (readonly [Parameters, string])[] = [
  [{ no_such_setting: 'x' }, '42704'],
  [{ options: '-c no_such_setting=x' }, '42704'],
  [{ TimeZone: 'Nowhere/Land' }, '22023'],
  [{ client_encoding: 'klingon' }, '22023'],
  [{ options: '-c work_mem=lots' }, '22023'],
  [{ shared_buffers: '1GB' }, '55P02'],
];

test.each(REFUSED)('%j is refused at login as by the server itself', async (parameters, code) => {
  const server = await RawClient.connect(rig.cluster.primary);
  const direct = server.login({ user: 'ann', database: 'shop', parameters });
  const straight = await direct.catch((error: unknown) => error);
  server.destroy();
  for (const database of ['shared', 'own', 'shared']) {
    const error = await login(database, parameters).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BackendError);
    if (!(error instanceof BackendError && straight instanceof BackendError)) return;
    const { S, V, C, M } = error.fields;
    expect({ S, V, C, M }).toEqual({ S: 'FATAL', V: 'FATAL', C: code, M: straight.fields.M });
  }
  const after = await login('shared');
  expect(await after.show(['TimeZone'])).toEqual(['UTC']);
  after.client.destroy();
});

test.each(['-c', '-cwork_mem', 'nonsense', '-F', '--unknown'])(
  'options "%s" end in a clear error',
  async (options) => {
    expect(await codeOf(login('shared', { options }))).toMatch(/^(08P01|42601|42704)$/);
  },
);

test('pg sends its settings at login and finds them on a shared link', async () => {
  const config: ClientConfig = {
    ...pgWay(rig.daemon, 'tcp'),
    user: 'ann',
    database: 'shared',
    application_name: 'invoices',
    statement_timeout: 4321,
    lock_timeout: 77,
    options: '-c search_path=pg_temp',
  };
  // Not so short that a busy machine could pass it with any other statement.
  const both = [config, { ...config, application_name: 'reports', statement_timeout: 700 }];
  const clients = both.map((options) => new Client(options));
  try {
    for (const client of clients) await client.connect();
    const sql = `SELECT current_setting('application_name') AS name, current_setting('lock_timeout') AS lock,
      current_setting('search_path') AS path`;
    const seen = [];
    for (const client of [...clients, ...clients]) seen.push((await client.query(sql)).rows[0]);
    const same = { lock: '77ms', path: 'pg_temp' };
    const once = [
      { name: 'invoices', ...same },
      { name: 'reports', ...same },
    ];
    expect(seen).toEqual([...once, ...once]);
    const [slow, fast] = clients;
    expect(await codeOf(fast?.query('SELECT pg_sleep(20)') ?? Promise.resolve())).toBe('57014');
    expect(await codeOf(slow?.query('SELECT pg_sleep(0.8)') ?? Promise.resolve())).toBe('no error');
  } finally {
    for (const client of clients) await client.end();
  }
  expect(
    await codeOf(withPg({ ...config, options: '-c no.t=1 -c nor_this=1' }, async () => undefined)),
  ).toBe('42704');
});

test('postgres.js sends its settings at login and finds them on a shared link', async () => {
  const options = {
    host: rig.daemon.host,
    port: rig.daemon.port,
    user: 'ann',
    database: 'shared',
    prepare: false,
    max: 1,
  };
  const one = postgres({
    ...options,
    connection: { application_name: 'a', TimeZone: 'Etc/GMT+3' },
  });
  const two = postgres({ ...options, connection: { application_name: 'b', search_path: 'x, y' } });
  try {
    const names = ['application_name', 'TimeZone', 'search_path'];
    const show = (sql: postgres.Sql) =>
      sql`SELECT current_setting(name) AS value FROM unnest(${names}::text[]) AS name`.then(
        (rows) => rows.map(({ value }) => value),
      );
    for (let round = 0; round < 2; round++) {
      expect(await Promise.all([one, two].map(show))).toEqual([
        ['a', 'Etc/GMT+3', '"$user", public'],
        ['b', 'UTC', 'x, y'],
      ]);
    }
  } finally {
    await Promise.all([one.end({ timeout: 5 }), two.end({ timeout: 5 })]);
  }
});

testWith('psql')('psql sends PGOPTIONS, PGTZ and the like', async () => {
  const env = {
    PGHOST: rig.daemon.host,
    PGPORT: String(rig.daemon.port),
    PGUSER: 'ann',
    PGDATABASE: 'shared',
    PGOPTIONS: '-c search_path=over,\\ there -c enable_seqscan=off',
    PGTZ: 'Europe/Oslo',
    PGDATESTYLE: 'German',
    PGAPPNAME: 'script',
  };
  const sql = [...NAMES, 'enable_seqscan'].map((name) => `current_setting('${name}')`).join(', ');
  const { stdout } = await run('psql', ['-XAt', '-c', `SELECT ${sql}`], { env });
  expect(stdout).toBe('script|Europe/Oslo|German, DMY|UTF8|over, there|off\n');
});
