import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  type GetSecretValueCommandInput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  type AwsKey,
  AwsKeys,
  type FakeSecretsManager,
  type FakeSecretsManagerOptions,
  startFakeSecretsManager,
} from '@pgweir/testkit';
import { withEnvironment } from './signer';

const keys = new AwsKeys();
const app: AwsKey = keys.addSession({ role: 'app' });
let manager: FakeSecretsManager;

afterEach(() => manager.stop());

async function start(options: Partial<FakeSecretsManagerOptions> = {}): Promise<void> {
  manager = await startFakeSecretsManager({ keys, ...options });
}

/** A client with everything from the environment, which asks once. */
function withClient<T>(work: (client: SecretsManagerClient) => Promise<T>, by = app): Promise<T> {
  return withEnvironment(by, { AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url }, async () => {
    const client = new SecretsManagerClient({ maxAttempts: 1 });
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  });
}

function get(input: GetSecretValueCommandInput, by = app) {
  return withClient((client) => client.send(new GetSecretValueCommand(input)), by);
}

test('a secret is read by name and by ARN, as text or bytes', async () => {
  await start();
  const arn = manager.put('db/ann', { username: 'ann', password: 'one' });
  for (const SecretId of ['db/ann', arn]) {
    expect(await get({ SecretId })).toMatchObject({
      ...{ ARN: arn, Name: 'db/ann', VersionStages: ['AWSCURRENT'] },
      SecretString: '{"username":"ann","password":"one"}',
    });
  }
  manager.put('bytes', Buffer.from([1, 2]));
  const { SecretBinary, SecretString } = await get({ SecretId: 'bytes' });
  expect([...(SecretBinary ?? [])]).toEqual([1, 2]);
  expect(SecretString).toBeUndefined();
});

test('a rotation moves labels in the order of AWS', async () => {
  await start();
  const SecretId = manager.put('db', 'one');
  const stages = async (): Promise<Record<string, string | undefined>> => {
    const found: Record<string, string | undefined> = {};
    for (const VersionStage of ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS']) {
      const asked = get({ SecretId, VersionStage });
      found[VersionStage] = await asked.then(
        ({ SecretString }) => SecretString,
        (error) => error.name,
      );
    }
    return found;
  };
  const none = 'ResourceNotFoundException';
  expect(await stages()).toEqual({ AWSCURRENT: 'one', AWSPENDING: none, AWSPREVIOUS: none });
  const steps: unknown[] = [];
  await manager.rotate('db', 'two', {
    setSecret: async (pending, current) => {
      steps.push(pending, current, await stages());
    },
    testSecret: async (pending) => void steps.push(pending),
  });
  const during = { AWSCURRENT: 'one', AWSPENDING: 'two', AWSPREVIOUS: none };
  expect(steps).toEqual(['two', 'one', during, 'two']);
  expect(await stages()).toEqual({ AWSCURRENT: 'two', AWSPENDING: none, AWSPREVIOUS: 'one' });
  const id = manager.createSecret('db', 'three');
  expect(await get({ SecretId, VersionId: id })).toMatchObject({ SecretString: 'three' });
  manager.finishSecret('db', { keepPending: true });
  const both = await get({ SecretId });
  expect([...(both.VersionStages ?? [])].sort()).toEqual(['AWSCURRENT', 'AWSPENDING']);
  const described = await withClient((client) =>
    client.send(new DescribeSecretCommand({ SecretId })),
  );
  expect(
    Object.values(described.VersionIdsToStages ?? {})
      .flat()
      .sort(),
  ).toEqual([...['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS']]);
  await expect(get({ SecretId, VersionId: id, VersionStage: 'AWSPREVIOUS' })).rejects.toThrow();
});

test('a failed step leaves AWSCURRENT where it was', async () => {
  await start();
  manager.put('db', 'one');
  const setSecret = () => Promise.reject(new Error('no'));
  await expect(manager.rotate('db', 'two', { setSecret })).rejects.toThrow('no');
  expect((await get({ SecretId: 'db' })).SecretString).toBe('one');
  expect(manager.text('db', 'AWSPENDING')).toBe('two');
});

test('what goes wrong has the name that AWS gives it', async () => {
  await start();
  const SecretId = manager.put('db', 'one');
  const name = (by = app) =>
    get({ SecretId }, by).then(
      () => 'fine',
      (error) => error.name,
    );
  manager.deny('db');
  expect(await name()).toBe('AccessDeniedException');
  manager.deny('db', 'DecryptionFailure');
  expect(await name()).toBe('DecryptionFailure');
  manager.allow('db');
  manager.delete('db');
  expect(await name()).toBe('InvalidRequestException');
  manager.restore('db');
  manager.endpoint.setAccident({ kind: 'throttle' }, 1);
  expect(await name()).toBe('ThrottlingException');
  manager.endpoint.setAccident({ kind: 'unavailable' }, 1);
  expect(await name()).toBe('InternalServiceError');
  expect(await name()).toBe('fine');
  expect(await name(new AwsKeys().addUser('x'))).toBe('UnrecognizedClientException');
  expect(await name(keys.addSession({ role: 'app', expiresAtMs: 1 }))).toBe(
    'ExpiredTokenException',
  );
  const liar = { ...app, secretAccessKey: keys.addUser('x').secretAccessKey };
  expect(await name(liar)).toBe('InvalidSignatureException');
  manager.forget('db');
  expect(await name()).toBe('ResourceNotFoundException');
  expect(manager.endpoint.requests).toHaveLength(10);
});

test('a clock that is wrong is told so, and the SDK corrects it', async () => {
  await start({ wallMs: () => Date.now() + 600_000 });
  manager.put('db', 'one');
  await expect(get({ SecretId: 'db' })).rejects.toMatchObject({
    name: 'InvalidSignatureException',
  });
  await withClient(async (client) => {
    const ask = () => client.send(new GetSecretValueCommand({ SecretId: 'db' }));
    await expect(ask()).rejects.toThrow('Signature expired');
    expect((await ask()).SecretString).toBe('one');
  });
});
