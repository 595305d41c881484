import { startupPacket } from '@pgweir/protocol';
import type { CredentialSource } from '../../src/ports/credential-source';
import { databaseName, userName } from '../../src/ports/names';
import { frame, query } from '../kit/messages';
import { Rig } from '../kit/rig';
import { databaseSettings } from '../kit/settings';

const SECRET = 'right';
const PASSWORD = frame('p', `${SECRET}\0`);
const CREDENTIALS: CredentialSource = {
  lookup: (user) => (user.startsWith('stranger') ? undefined : { kind: 'plain', password: SECRET }),
};
const NO_DATABASES = new Map();
const MOVED = new Map([[databaseName('app'), databaseSettings({ dbname: 'moved' })]]);

async function open(changes: Parameters<typeof Rig.open>[0] = {}): Promise<Rig> {
  return await Rig.open({ authType: 'plain', ...changes }, { credentials: CREDENTIALS });
}

/** The databases behind which PostgreSQL knows us, in the order of the logins. */
function reached(rig: Rig): readonly (string | undefined)[] {
  return rig.server.backends.map(({ parameters }) => parameters.get('database'));
}

test('a database removed and added again during a login: all logins lead to the new one', async () => {
  const rig = await open();
  const slow = rig.caller();
  await rig.settle();
  expect(slow.tags).toBe('R');
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, databases: NO_DATABASES }, credentials);
  rig.pooler.reload({ ...settings, databases: MOVED }, credentials);
  const bob = rig.caller({ user: 'bob' });
  bob.send(PASSWORD);
  await rig.settle();
  slow.send(PASSWORD);
  await rig.settle();
  const after = rig.caller();
  after.send(PASSWORD);
  await rig.settle();
  for (const client of [bob, slow, after]) {
    expect(client.tags).toMatch(/Z$/);
    client.send(query('SELECT 1'));
    await rig.settle();
    expect(client.tags).toMatch(/CZ$/);
  }
  expect(new Set(reached(rig))).toEqual(new Set(['moved']));
  expect(rig.pooler.databases.get(databaseName('app'))?.clients).toBe(3);
});

test('a database that is removed during a login is unknown when the password comes', async () => {
  const rig = await open();
  const slow = rig.caller();
  await rig.settle();
  const { settings, credentials } = rig.pooler;
  rig.pooler.reload({ ...settings, databases: NO_DATABASES }, credentials);
  slow.send(PASSWORD);
  await rig.settle();
  expect(slow.sqlState).toBe('3D000');
  expect(slow.closed).toBe(true);
  expect(rig.server.dials).toBe(0);
});

test('a password in the same segment as the startup packet logs in', async () => {
  const rig = await open();
  const client = rig.stranger();
  const startup = startupPacket(Object.entries({ user: 'alice', database: 'app' }), {
    major: 3,
    minor: 0,
  });
  client.send(startup, PASSWORD);
  await rig.settle();
  expect(client.tags).toMatch(/^R.*Z$/);
  client.forget();
  client.send(query('SELECT 1'));
  await rig.settle();
  expect(client.tags).toBe('CZ');
});

test.each(['trust', 'plain', 'md5', 'scram-sha-256'] as const)(
  'under %s, refused logins with made-up database names create no databases',
  async (authType) => {
    const rig = await open({ authType, fallbackDatabase: databaseSettings() });
    const known = rig.pooler.databases.size;
    for (let i = 0; i < 50; i++) {
      const stranger = rig.caller({ user: `stranger${i}`, database: `made-up-${i}` });
      await rig.settle();
      stranger.send(frame('p', 'wrong\0'));
      await rig.settle();
      expect(stranger.closed).toBe(true);
      expect(stranger.errors).toHaveLength(1);
    }
    const silent = rig.caller({ user: 'alice', database: 'made-up' });
    await rig.settle();
    silent.hangUp();
    await rig.settle();
    if (authType !== 'trust') expect(rig.pooler.databases.size).toBe(known);
    expect(rig.pooler.databases.size).toBeLessThanOrEqual(known + 1);
    expect(rig.log.count('registered new auto-database')).toBeLessThanOrEqual(1);
    expect((await rig.pooler.snapshot(['clients', 'pins'])).clientsTotal).toBe(0);
  },
);

test('a login that is right creates the database that the * entry stands for', async () => {
  const rig = await open({ fallbackDatabase: databaseSettings() });
  const client = rig.caller({ database: 'other' });
  client.send(PASSWORD);
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
  expect(rig.pooler.databases.has(databaseName('other'))).toBe(true);
  expect(rig.pool('other', userName('alice')).links.size).toBe(1);
});
