import { databaseName, userName } from '../../src/ports/names';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import {
  APP,
  asked,
  askers,
  asking,
  databaseSettings,
  FILE,
  failures,
  login,
  password,
  QUERY,
} from './stage';

test('a user who is not in auth_file logs in with the password that auth_query finds', async () => {
  const rig = await asking();
  const client = await login(rig, 'alice', 'tea');
  expect(client.tags).toMatch(/Z$/);
  const [backend] = askers(rig);
  expect(backend?.parameters.get('database')).toBe('app');
  expect(backend && asked(backend)).toEqual(['alice']);
  const parsed = backend?.received.find(({ tag }) => tag === 'P')?.body.toString();
  expect(parsed).toBe(`pgweir_own\0${QUERY}\0\0\0`);
});

test('the wrong password is refused', async () => {
  const rig = await asking();
  expect((await login(rig, 'alice', 'coffee')).sqlState).toBe('28P01');
});

test('a user of auth_file is not asked for', async () => {
  const rig = await asking();
  expect((await login(rig, 'filed', 'own')).tags).toMatch(/Z$/);
  expect(askers(rig)).toEqual([]);
});

test('a user whom nobody knows is asked for a password and refused as for a wrong one', async () => {
  const rig = await asking();
  const stranger = await login(rig, 'stranger', 'tea');
  const known = await login(rig, 'alice', 'coffee');
  expect(stranger.tags).toBe(known.tags);
  expect(stranger.errors).toEqual(known.errors);
});

test('a query that returns somebody else for a user has not found the user', async () => {
  const rig = await asking();
  const known = await login(rig, 'alice', 'coffee');
  rig.server.table = () => ({ columns: 2, rows: [['nobody', 'tea']] });
  const stranger = await login(rig, 'stranger', 'tea');
  expect(stranger.tags).toBe(known.tags);
  expect(stranger.errors).toEqual(known.errors);
  expect(failures(rig)).toEqual([]);
  expect(rig.log.count('another user than it was asked for')).toBe(1);
});

test.each([null, ''])('a password that is %p never matches', async (secret) => {
  const rig = await asking({}, { alice: secret });
  expect((await login(rig, 'alice', 'null')).sqlState).toBe('28P01');
  expect((await login(rig, 'alice', '')).sqlState).toBe('28P01');
});

test('trust: the user has to exist', async () => {
  const rig = await asking({ authType: 'trust' });
  expect((await login(rig, 'alice', '')).tags).toMatch(/Z$/);
  expect((await login(rig, 'stranger', '')).sqlState).toBe('28000');
});

test('any: nobody is asked for', async () => {
  const databases = new Map([[APP, databaseSettings({ forcedUser: userName('forced') })]]);
  const rig = await asking({ authType: 'any', databases });
  expect((await login(rig, 'whoever', '')).tags).toMatch(/Z$/);
  expect(askers(rig)).toEqual([]);
});

test('what a database says of auth_query goes before what holds for all', async () => {
  const own = {
    authUser: userName('asker'),
    authQuery: 'SELECT a, b FROM f($1)',
    authDatabase: databaseName('other'),
  };
  const rig = await asking({
    authUser: userName('nobody'),
    databases: new Map([
      [APP, databaseSettings(own)],
      [databaseName('other'), databaseSettings({ dbname: 'others' })],
    ]),
  });
  expect((await login(rig, 'alice', 'tea')).tags).toMatch(/Z$/);
  const [backend] = askers(rig);
  expect(backend?.parameters.get('database')).toBe('others');
  expect(backend?.received.find(({ tag }) => tag === 'P')?.body.toString()).toContain('f($1)');
});

test('a client of an unknown database asks nothing of PostgreSQL', async () => {
  const rig = await asking();
  const client = rig.caller({ database: 'nowhere' });
  await rig.settle();
  expect(client.tags).toBe('R');
  expect(rig.server.dials).toBe(0);
});

describe('what goes wrong is a configuration error for the client and one line in the log', () => {
  test('auth_dbname names no database', async () => {
    const rig = await asking({ authDatabase: databaseName('nowhere') });
    const client = await login(rig, 'alice', 'tea');
    expect(client.errors).toMatchObject([{ code: 'F0000', message: 'bouncer config error' }]);
    expect(failures(rig)).toEqual(['auth_dbname is not in [databases]']);
  });

  test('PostgreSQL refuses auth_user', async () => {
    const rig = await asking();
    const error = { severity: 'FATAL' as const, code: '28P01', message: 'no entry for "asker"' };
    rig.server.dialling = { kind: 'reject', error };
    const client = await login(rig, 'alice', 'tea');
    expect(client.errors).toMatchObject([{ code: 'F0000', message: 'bouncer config error' }]);
    expect(failures(rig)).toEqual(['no entry for "asker"']);
  });

  test('the query fails', async () => {
    const rig = await asking({ authQuery: 'bad' });
    const client = await login(rig, 'alice', 'tea');
    expect(client.errors).toMatchObject([{ code: 'F0000', message: 'bouncer config error' }]);
    expect(failures(rig)).toEqual(['42601: syntax error']);
    expect(rig.pool('app', 'asker').idleCount).toBe(1);
  });

  test.each([
    ['expected 2 columns (user name and password), not 1', 1, []],
    ['expected 2 columns (user name and password), not 3', 3, [['alice', 'hidden', 'x']]],
    [
      'more than one row',
      2,
      [
        ['alice', 'hidden'],
        ['alice', 'hidden'],
      ],
    ],
    ['the name in the result is NULL', 2, [[null, 'hidden']]],
    ['the result is too long', 2, [['alice', 'hidden'.repeat(20_000)]]],
  ])('the result is odd: %s', async (reason, columns, rows) => {
    const rig = await asking();
    rig.server.table = () => ({ columns, rows });
    const client = await login(rig, 'alice', 'hidden');
    expect(client.errors).toMatchObject([{ code: 'F0000', message: 'bouncer config error' }]);
    expect(failures(rig)).toEqual([reason]);
    expect(JSON.stringify(rig.log.lines)).not.toContain('hidden');
    expect(rig.pool('app', 'asker').idleCount).toBe(1);
  });

  test('a name that the encoding of the link would turn into another one', async () => {
    const rig = await asking({}, { é: 'tea', alice: 'tea' });
    rig.server.parameters.set('client_encoding', 'LATIN1');
    expect((await login(rig, 'é', 'tea')).sqlState).toBe('F0000');
    expect((await login(rig, 'alice', 'tea')).tags).toMatch(/Z$/);
    expect(askers(rig).flatMap(asked)).toEqual(['alice']);
    expect(rig.pool('app', 'asker').idleCount).toBe(1);
  });

  test.each([
    ['22P02', 'invalid input syntax for type integer: "hidden"'],
    ['42704', 'role "alice" does not exist'],
  ])('PostgreSQL’s error %s shows what is not for the log', async (code, message) => {
    const rig = await asking({ authQuery: 'hang' });
    const client = rig.caller();
    await rig.settle();
    askers(rig)[0]?.failWith(code, message);
    await rig.settle();
    expect(client.sqlState).toBe('F0000');
    expect(failures(rig)).toEqual([code]);
  });

  test('a statement that returns no rows at all', async () => {
    const rig = await asking();
    rig.server.table = undefined;
    expect((await login(rig, 'alice', 'tea')).sqlState).toBe('F0000');
  });
});

test('a secret that has changed is worth another login at once, where PostgreSQL refused the last', async () => {
  const secrets = { alice: 'tea', bob: 'tea' };
  const rig = await asking({ authType: 'trust' }, secrets);
  await login(rig, 'bob', '');
  const error = { severity: 'FATAL' as const, code: '28P01', message: 'wrong' };
  rig.server.dialling = { kind: 'reject', error };
  expect((await login(rig, 'alice', '')).sqlState).toBe('28P01');
  rig.server.dialling = { kind: 'accept' };
  const { dials } = rig.server;
  await login(rig, 'alice', '');
  expect(rig.server.dials).toBe(dials);
  secrets.alice = 'changed';
  expect((await login(rig, 'alice', '')).tags).toMatch(/Z$/);
});

test('what a client answers before it is asked is heard', async () => {
  const rig = await asking();
  const client = rig.stranger();
  client.start({ user: 'alice', database: 'app' });
  client.send(password('tea'), query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toMatch(/^RR.*ZCZ$/);
});

test('the console knows users of auth_query only where auth_dbname says where to ask', async () => {
  const admin = {
    names: ['console'],
    admits: () => true,
    parameters: () => new Map<string, string>(),
    open: () => ({ message: () => undefined, canceled: () => undefined, closed: () => undefined }),
  };
  for (const authDatabase of [undefined, APP]) {
    const changes = { authType: 'trust' as const, authUser: userName('asker'), authDatabase };
    const rig = await Rig.open(changes, { credentials: FILE, virtualDatabases: [admin] });
    rig.server.table = () => ({ columns: 2, rows: [['alice', 'tea']] });
    const client = rig.caller({ database: 'console' });
    await rig.settle();
    if (authDatabase === undefined) expect(client.sqlState).toBe('28000');
    else expect(client.tags).toMatch(/Z$/);
  }
});
