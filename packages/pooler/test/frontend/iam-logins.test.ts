import type { PasswordClaim, PasswordVerdict } from '../../src/ports/client-verifier';
import type { TlsInfo } from '../../src/ports/transport';
import type { PoolerSettings } from '../../src/settings/settings';
import { frame } from '../kit/messages';
import { Rig } from '../kit/rig';

/** Of no use to the pooler: only the verifier knows what it is. */
const OPTIONS = { of: 'somebody else' };
const RULE = {
  connection: 'host',
  databases: { all: true, sameUser: false, replication: false, names: [] },
  users: { all: true, sameUser: false, replication: false, names: [] },
  network: undefined,
  identMap: undefined,
} as const;
const TLS: TlsInfo = {
  ...{ protocol: 'TLSv1.3', cipher: 'x', peerCertificate: undefined, peerVerified: false },
  ...{ localCertificate: undefined, alpn: undefined },
};

interface Scene {
  readonly rig: Rig;
  readonly claims: PasswordClaim[];
  decide: (verdict: PasswordVerdict) => void;
}

async function open(changes: Partial<PoolerSettings> = {}): Promise<Scene> {
  const rig = await Rig.open(
    { authType: 'iam', iam: OPTIONS, ...changes },
    { credentials: { lookup: () => undefined } },
  );
  const scene: Scene = { rig, claims: [], decide: () => undefined };
  jest.spyOn(rig.pooler.verifier, 'verify').mockImplementation((claim, decided) => {
    scene.claims.push(claim);
    scene.decide = decided;
    return () => undefined;
  });
  return scene;
}

async function began({ rig }: Scene) {
  const client = rig.stranger();
  client.wire.tls = TLS;
  client.start({ user: 'alice', database: 'app' });
  await rig.settle();
  return client;
}

async function asked(scene: Scene, password = 'token') {
  const client = await began(scene);
  expect(client.messages.at(-1)?.body.readInt32BE()).toBe(3);
  client.send(frame('p', `${password}\0`));
  await scene.rig.settle();
  return client;
}

test.each<[string, Partial<PoolerSettings>]>([
  ['auth_type', {}],
  ['a rule', { authType: 'hba', accessRules: [{ ...RULE, method: 'iam', iam: OPTIONS }] }],
])('%s may leave it to IAM, which needs no other word of the user', async (_, settings) => {
  const scene = await open(settings);
  const client = await asked(scene);
  expect(scene.claims).toMatchObject([
    { user: 'alice', password: 'token', judge: { kind: 'iam', options: OPTIONS } },
  ]);
  scene.decide({ kind: 'accepted', identity: 'arn:aws:iam::123456789012:user/alice' });
  await scene.rig.settle();
  expect(client.errors).toEqual([]);
  expect(client.tags).toMatch(/^RR/);
});

test('in clear text nobody is asked for a token', async () => {
  const scene = await open();
  const client = scene.rig.caller();
  await scene.rig.settle();
  expect(client.errors).toMatchObject([
    { code: '28000', message: 'IAM authentication is allowed only with SSL connections.' },
  ]);
  expect(client.tags).toBe('E');
});

test.each([
  [false, 'IAM authentication failed'],
  [true, 'The IAM authentication failed because of too many competing requests.'],
])(
  'a refusal (busy: %s) has a text of its own, and its reason is for the log',
  async (isBusy, message) => {
    const scene = await open();
    const client = await asked(scene);
    scene.decide({ kind: 'refused', why: 'STS says no', isBusy });
    await scene.rig.settle();
    expect(client.errors).toMatchObject([{ code: '28000', message }]);
    expect(JSON.stringify(client.errors)).not.toContain('STS');
  },
);

test('a token is no password for the server', async () => {
  const scene = await open();
  await asked(scene);
  scene.decide({ kind: 'accepted' });
  await scene.rig.settle();
  const [pool] = scene.rig.pooler.pools.values();
  expect(pool?.serverKeys.proofFor(undefined)).toEqual({ kind: 'none' });
});

test('a password message that is too long is refused as a wrong password is, and not read', async () => {
  const scene = await open();
  const client = await began(scene);
  client.send(frame('p', 'A'.repeat(100_000)).subarray(0, 100));
  await scene.rig.settle();
  expect(client.errors).toMatchObject([{ code: '28000', message: 'IAM authentication failed' }]);
  expect(scene.claims).toEqual([]);
});
