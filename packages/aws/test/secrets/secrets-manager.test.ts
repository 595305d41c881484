import {
  type AwsKey,
  AwsKeys,
  awsEnvironment,
  type FakeSecretsManager,
  type FakeSts,
  startFakeSecretsManager,
  startFakeSts,
} from '@pgweir/testkit';
import { SecretsManager } from '../../src';

const REGION = 'eu-west-1';

let keys: AwsKeys;
let user: AwsKey;
let manager: FakeSecretsManager;
let sts: FakeSts;
let reader: SecretsManager;
const environment = { ...process.env };

beforeEach(async () => {
  keys = new AwsKeys();
  user = keys.addUser('pgweir');
  manager = await startFakeSecretsManager({ keys, region: REGION });
  sts = await startFakeSts({ keys, region: REGION });
  reader = new SecretsManager();
  Object.assign(process.env, awsEnvironment(user, 'us-east-1'), {
    AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url,
    AWS_ENDPOINT_URL_STS: sts.url,
  });
});

afterEach(async () => {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name];
  }
  Object.assign(process.env, environment);
  reader.close();
  await manager.stop();
  await sts.stop();
});

const never = () => new AbortController().signal;

test('versions are read by their stages, in the region of the ARN', async () => {
  const arn = manager.put('db', { password: 'one' });
  const secret = reader.secret({ arn, roleArn: undefined });
  expect(await secret.read('previous', never())).toEqual({ kind: 'none' });
  expect(await secret.read('pending', never())).toEqual({ kind: 'none' });
  manager.put('db', { password: 'two' });
  const id = manager.createSecret('db', { password: 'three' });
  const texts = [];
  for (const stage of ['current', 'previous', 'pending'] as const) {
    const reading = await secret.read(stage, never());
    texts.push(reading.kind === 'read' ? reading.version.text : reading);
  }
  expect(texts).toEqual(['two', 'one', 'three'].map((password) => JSON.stringify({ password })));
  const pending = await secret.read('pending', never());
  expect(pending).toMatchObject({ kind: 'read', version: { id } });
  const createdAtMs = pending.kind === 'read' ? pending.version.createdAtMs : undefined;
  expect(Math.abs(Date.now() - (createdAtMs ?? 0))).toBeLessThan(60_000);
});

test('a role is assumed, once for all secrets that are read by it', async () => {
  const [one, two] = ['one', 'two'].map((name) => manager.put(name, { password: name }));
  const roleArn = sts.addRole({ name: 'team/secret-reader', trusts: [user.arn] });
  for (const arn of [one, two, one]) {
    const reading = await reader.secret({ arn: arn ?? '', roleArn }).read('current', never());
    expect(reading.kind).toBe('read');
  }
  expect(sts.endpoint.requests).toHaveLength(1);
  const signers = manager.endpoint.requests.map(({ headers }) => {
    const line = headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
    return keys.find(/Credential=([A-Z0-9]+)\//.exec(line)?.[1] ?? '')?.arn;
  });
  expect(new Set(signers)).toEqual(
    new Set(['arn:aws:sts::123456789012:assumed-role/secret-reader/pgweir']),
  );
});

test.each<readonly [string, () => void, string, RegExp]>([
  ['denied', () => manager.deny('db'), 'denied', /^AccessDeniedException: User: arn:/],
  [
    'encrypted by a key of others',
    () => manager.deny('db', 'DecryptionFailure'),
    'denied',
    /^Decr/,
  ],
  ['marked for deletion', () => manager.delete('db'), 'missing', /marked for deletion/],
  ['gone', () => manager.forget('db'), 'missing', /^ResourceNotFoundException/],
  ['binary', () => void manager.put('db', Buffer.of(0, 1, 2)), 'unusable', /binary/],
  ['throttled', () => manager.endpoint.setAccident({ kind: 'throttle' }), 'throttled', /exceeded/],
  ['500', () => manager.endpoint.setAccident({ kind: 'unavailable' }), 'unreachable', /Internal/],
  ['cut off', () => manager.endpoint.setAccident({ kind: 'reset' }), 'unreachable', /./],
  ['garbage', () => manager.endpoint.setAccident({ kind: 'garbage' }), 'unreachable', /./],
  ['asked for by nobody known', () => keys.remove(user.accessKeyId), 'denied', /^Unrecognized\w+$/],
])('a secret that is %s is a fault with a reason', async (_, harm, why, reason) => {
  const secret = reader.secret({ arn: manager.put('db', { password: 'x' }), roleArn: undefined });
  harm();
  const reading = await secret.read('current', never());
  expect(reading).toMatchObject({ kind: 'failed', why });
  expect(reading.kind === 'failed' ? reading.reason : '').toMatch(reason);
});

test('a wrong signature is a fault that shows nothing of what was signed', async () => {
  const arn = manager.put('db', { password: 'x' });
  process.env.AWS_SECRET_ACCESS_KEY = 'not-the-right-one';
  process.env.AWS_SESSION_TOKEN = 'a-token-that-must-stay-secret';
  const reading = await reader.secret({ arn, roleArn: undefined }).read('current', never());
  expect(reading).toMatchObject({ kind: 'failed', why: 'denied' });
  expect(JSON.stringify(reading)).not.toContain('secret"');
  expect(JSON.stringify(reading)).not.toContain('a-token');
});

test('no credentials at all', async () => {
  const arn = manager.put('db', { password: 'x' });
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  const reading = await reader.secret({ arn, roleArn: undefined }).read('current', never());
  expect(reading).toMatchObject({ kind: 'failed', why: 'denied' });
});

test('a reading that is given up ends', async () => {
  const arn = manager.put('db', { password: 'x' });
  manager.endpoint.setAccident({ kind: 'hang' });
  const limit = new AbortController();
  const reading = reader.secret({ arn, roleArn: undefined }).read('current', limit.signal);
  setTimeout(() => limit.abort(), 50);
  expect(await reading).toMatchObject({ kind: 'failed' });
});
