import type { PasswordClaim, PasswordVerdict } from '../../src/ports/client-verifier';
import type { CredentialSource } from '../../src/ports/credential-source';
import type { PoolerSettings } from '../../src/settings/settings';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';

/** Of no use to the pooler: only the verifier knows what it is. */
const DIRECTORY = { of: 'somebody else' };
const RULE = {
  connection: 'host',
  databases: { all: true, sameUser: false, replication: false, names: [] },
  users: { all: true, sameUser: false, replication: false, names: [] },
  network: undefined,
  identMap: undefined,
} as const;

interface Scene {
  readonly rig: Rig;
  readonly claims: PasswordClaim[];
  decide: (verdict: PasswordVerdict) => void;
  givenUp: number;
}

async function open(
  changes: Partial<PoolerSettings>,
  credentials: CredentialSource = { lookup: () => undefined },
): Promise<Scene> {
  const rig = await Rig.open(changes, { credentials });
  const scene: Scene = { rig, claims: [], decide: () => undefined, givenUp: 0 };
  jest.spyOn(rig.pooler.verifier, 'verify').mockImplementation((claim, decided) => {
    scene.claims.push(claim);
    scene.decide = decided;
    return () => {
      scene.givenUp++;
    };
  });
  return scene;
}

async function asked({ rig }: Scene, password = 'tea') {
  const client = rig.stranger();
  client.start({ user: 'alice', database: 'app' });
  await rig.settle();
  expect(client.messages.at(-1)?.body.readInt32BE()).toBe(3);
  client.send(frame('p', `${password}\0`));
  await rig.settle();
  return client;
}

test.each<[string, Partial<PoolerSettings>]>([
  ['auth_type', { authType: 'ldap', directory: DIRECTORY }],
  ['a rule', { authType: 'hba', accessRules: [{ ...RULE, method: 'ldap', directory: DIRECTORY }] }],
])('%s may leave it to a directory, which needs no other word of the user', async (_, settings) => {
  const scene = await open(settings);
  const client = await asked(scene);
  expect(scene.claims).toMatchObject([
    { user: 'alice', password: 'tea', judge: { kind: 'directory', options: DIRECTORY } },
  ]);
  scene.decide({ kind: 'accepted' });
  await scene.rig.settle();
  expect(client.errors).toEqual([]);
  expect(client.tags).toMatch(/^RR/);
});

test('a refusal has a text of its own, and its reason is for the log', async () => {
  const scene = await open({ authType: 'ldap' });
  const client = await asked(scene);
  scene.decide({ kind: 'refused', why: 'nobody of that name' });
  await scene.rig.settle();
  expect(client.errors).toMatchObject([{ code: '28P01', message: 'LDAP authentication failed' }]);
  expect(JSON.stringify(client.errors)).not.toContain('nobody');
});

test('an empty password is refused before the directory is asked', async () => {
  const scene = await open({ authType: 'ldap' });
  const client = await asked(scene, '');
  expect(client.errors).toMatchObject([{ code: '28P01' }]);
  expect(scene.claims).toEqual([]);
});

test('a client that leaves, or is too slow, asks no more', async () => {
  const scene = await open({ authType: 'ldap', clientLoginTimeoutMs: 2000 });
  const first = await asked(scene);
  first.hangUp();
  await scene.rig.settle();
  expect(scene.givenUp).toBe(1);
  scene.decide({ kind: 'accepted' });
  const second = await asked(scene);
  await scene.rig.pass(10_000);
  expect(second.errors).toMatchObject([{ message: 'client_login_timeout' }]);
  expect(scene.givenUp).toBe(2);
});
