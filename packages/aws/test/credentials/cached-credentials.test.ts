import { HandClock } from '@pgweir/testkit';
import {
  type AwsIdentity,
  CachedCredentials,
  CREDENTIALS_WAIT_MS,
} from '../../src/credentials/cached-credentials';

interface Scene {
  readonly clock: HandClock;
  readonly credentials: CachedCredentials;
  readonly asked: { readonly isRenewal: boolean }[];
  answer: () => Promise<AwsIdentity>;
}

function open(): Scene {
  const clock = new HandClock();
  const asked: { readonly isRenewal: boolean }[] = [];
  const scene: Scene = {
    clock,
    asked,
    answer: async () => identity('first'),
    credentials: new CachedCredentials((ask) => {
      asked.push(ask);
      return scene.answer();
    }, clock),
  };
  return scene;
}

function identity(accessKeyId: string, expiresAtMs?: number): AwsIdentity {
  const expiration = expiresAtMs === undefined ? {} : { expiration: new Date(expiresAtMs) };
  return { accessKeyId, secretAccessKey: 'secret', ...expiration };
}

async function idOf({ credentials }: Scene): Promise<string> {
  return (await credentials.get()).accessKeyId;
}

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

test('all who need them at once share one search, and later ones what it found', async () => {
  const scene = open();
  const all = await Promise.all(Array.from({ length: 50 }, () => idOf(scene)));
  expect(new Set(all)).toEqual(new Set(['first']));
  await idOf(scene);
  expect(scene.asked).toEqual([{ isRenewal: false }]);
});

test('they are renewed before they expire, while the old ones still serve', async () => {
  const scene = open();
  const { clock } = scene;
  scene.answer = async () => identity('old', clock.wallMs() + 3_600_000);
  expect(await idOf(scene)).toBe('old');
  clock.advance(3_600_000 - 300_001);
  expect(await idOf(scene)).toBe('old');
  expect(scene.asked).toHaveLength(1);
  clock.advance(1);
  scene.answer = async () => identity('new', clock.wallMs() + 3_600_000);
  expect(await idOf(scene)).toBe('old');
  await settled();
  expect(await idOf(scene)).toBe('new');
  expect(scene.asked).toEqual([{ isRenewal: false }, { isRenewal: true }]);
});

test('a renewal that fails is tried again with pauses, and nobody notices until they expire', async () => {
  const scene = open();
  const { clock } = scene;
  scene.answer = async () => identity('old', clock.wallMs() + 900_000);
  await idOf(scene);
  scene.answer = async () => {
    throw new Error('connect ECONNREFUSED');
  };
  clock.advance(600_000);
  for (let second = 0; second < 280; second++) {
    expect(await idOf(scene)).toBe('old');
    await settled();
    clock.advance(1000);
  }
  expect(scene.asked.length).toBeGreaterThan(15);
  expect(scene.asked.length).toBeLessThan(40);
  clock.advance(20_000);
  await expect(idOf(scene)).rejects.toThrow('no AWS credentials: connect ECONNREFUSED');
});

test('those that have all but expired are not signed with', async () => {
  const scene = open();
  scene.answer = async () => identity('stale', scene.clock.wallMs() + 5_000);
  await expect(idOf(scene)).rejects.toThrow(
    'no AWS credentials: those that were found have expired',
  );
});

test('after a failure nobody asks for a second, and each hears of it', async () => {
  const scene = open();
  scene.answer = async () => {
    throw new Error('Could not load credentials from any providers');
  };
  for (let i = 0; i < 20; i++) {
    await expect(idOf(scene)).rejects.toThrow('Could not load credentials');
  }
  expect(scene.asked).toHaveLength(1);
  scene.answer = async () => identity('late');
  scene.clock.advance(1000);
  expect(await idOf(scene)).toBe('late');
});

test('whoever is asked and never answers holds nobody up for ever', async () => {
  const scene = open();
  scene.answer = () => new Promise(() => undefined);
  const waiting = idOf(scene);
  await settled();
  scene.clock.advance(CREDENTIALS_WAIT_MS);
  await expect(waiting).rejects.toThrow('no AWS credentials: no answer in 10 s');
  scene.answer = async () => identity('late');
  scene.clock.advance(1000);
  expect(await idOf(scene)).toBe('late');
  expect(scene.clock.pending).toBe(0);
});

test('those that never expire are looked for again, as files of an operator may have changed', async () => {
  const scene = open();
  await idOf(scene);
  scene.answer = async () => identity('changed');
  scene.clock.advance(10 * 60_000);
  await idOf(scene);
  await settled();
  expect(await idOf(scene)).toBe('changed');
});

test('a refusal by the database has them fetched anew, once a minute at most', async () => {
  const scene = open();
  await idOf(scene);
  scene.answer = async () => identity('rotated');
  scene.credentials.doubt();
  await settled();
  expect(await idOf(scene)).toBe('first');
  scene.clock.advance(60_000);
  scene.credentials.doubt();
  await settled();
  expect(await idOf(scene)).toBe('rotated');
  scene.credentials.doubt();
  await settled();
  expect(scene.asked).toHaveLength(2);
});

test('reasons show no keys and are short', async () => {
  const scene = open();
  scene.answer = async () => {
    const error = new Error(`no\nentry for AKIAIOSFODNN7EXAMPLE ${'x'.repeat(1000)}`);
    error.name = 'AccessDenied';
    throw error;
  };
  const failure = await idOf(scene).then(
    () => '',
    (error: unknown) => String(error),
  );
  expect(failure).toContain('no AWS credentials: AccessDenied: no entry for *** xxx');
  expect(failure).not.toContain('IOSFODNN7');
  expect(failure.length).toBeLessThan(400);
});
