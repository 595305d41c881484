import { execFile } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AwsKeys, awsEnvironment, waitFor } from '@pgweir/testkit';
import { FAILED, HOST, IamStage, MAP, PREFIX, REGION } from './support/iam-stage';

const NEEDS_TLS = '28000 IAM authentication is allowed only with SSL connections.';

let stage: IamStage;

beforeAll(async () => {
  stage = await IamStage.open();
});

afterAll(() => stage?.close());

beforeEach(() => stage.forget());

test('whom STS and the map know is let in, without auth_file, and the log says who it was', async () => {
  const good = await stage.token();
  expect(await stage.attempt(good)).toBe('in');
  expect(await stage.attempt(good)).toBe('in');
  expect(stage.asked).toBe(1);
  expect(stage.rig.daemon.log()).toMatch(
    new RegExp(`login attempt .*identity=\\S*${stage.session.arn}`),
  );
  const hers = await stage.token({ credentials: stage.ann });
  expect(await stage.attempt(hers, { user: 'ann' })).toBe('in');
  expect(await stage.attempt(hers, { user: 'ann', database: 'pgbouncer' })).toBe('in');
  expect(stage.asked).toBe(2);
});

test('what pgweir iam-token prints lets in, and without credentials it says why there is none', async () => {
  const main = join(__dirname, '../../dist/main.js');
  const print = (env: Readonly<Record<string, string>>) =>
    promisify(execFile)(process.execPath, [main, 'iam-token', '--host', HOST, '--region', REGION], {
      env,
    });
  const environment = awsEnvironment(stage.session);
  const { stdout, stderr } = await print(environment);
  expect(stderr).toBe('');
  expect(await stage.attempt(stdout.trimEnd())).toBe('in');
  const { AWS_ACCESS_KEY_ID: _, ...poor } = environment;
  await expect(print(poor)).rejects.toMatchObject({
    ...{ code: 1, stdout: '', stderr: expect.stringMatching(/^pgweir: .*credentials/) },
  });
});

test('another user than the map says is refused', async () => {
  const good = await stage.token();
  expect(await stage.attempt(good, { user: 'postgres' })).toBe(FAILED);
  expect(await stage.attempt(good, { user: 'ann', database: 'pgbouncer' })).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain(`${stage.session.arn} may not be this user (map iam)`);
  expect(await stage.attempt(good)).toBe('in');
});

test('a wrong signature, unknown keys and what is no token are refused', async () => {
  const guessed = { ...stage.session, secretAccessKey: 'guessed' };
  expect(await stage.attempt(await stage.token({ credentials: guessed }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('STS: SignatureDoesNotMatch (403)');
  const stranger = new AwsKeys().addUser('eve');
  expect(await stage.attempt(await stage.token({ credentials: stranger }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('STS: InvalidClientTokenId (403)');
  const before = stage.asked;
  expect(await stage.attempt('tea')).toBe(FAILED);
  expect(await stage.attempt('')).toBe('28P01 empty password returned by client');
  expect(stage.asked).toBe(before);
});

test('a token that has expired, or is not valid yet, is refused, and STS is not asked', async () => {
  expect(await stage.attempt(await stage.token({ inS: -901 }))).toBe(FAILED);
  expect(await stage.attempt(await stage.token({ inS: -61, expiresS: 60 }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toMatch(/the token has expired \d+ s ago by our clock/);
  expect(await stage.attempt(await stage.token({ inS: 330 }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('the token is not yet valid');
  expect(stage.asked).toBe(0);
  // As far may clocks be apart.
  expect(await stage.attempt(await stage.token({ inS: 200 }))).toBe('in');
});

test('a token is of no use after its life, though it was let in before', async () => {
  const short = await stage.token({ inS: 0, expiresS: 3 });
  expect(await stage.attempt(short)).toBe('in');
  await waitFor(async () => (await stage.attempt(short)) === FAILED, { what: 'the token to end' });
  expect(stage.asked).toBe(1);
});

test('a token for another pgweir is refused, and STS is not asked', async () => {
  expect(await stage.attempt(await stage.token({ host: 'other.example.org' }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('other.example.org');
  expect(stage.asked).toBe(0);
  // Who only says that it is for this one has not signed that.
  const choice = { host: 'other.example.org' };
  const forged = await stage.changedToken((url) => url.replace(/#.*/, `#${HOST}`), choice);
  expect(await stage.attempt(forged)).toBe(FAILED);
  expect(stage.asked).toBe(1);
  await stage.use({ iam_server_name: `${HOST}, other.example.org` });
  expect(await stage.attempt(await stage.token({ host: 'other.example.org' }))).toBe('in');
  await stage.use();
});

test('a token of another region is refused, and STS is not asked', async () => {
  expect(await stage.attempt(await stage.token({ region: 'us-west-2' }))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('is no endpoint of STS of a region in iam_sts_regions');
  expect(
    await stage.attempt(
      await stage.changedToken((url) => url.replace('sts.us-east-1', 'sts.eu-west-1')),
    ),
  ).toBe(FAILED);
  expect(stage.asked).toBe(0);
});

test.each([
  ['another action', (url: string) => url.replace('GetCallerIdentity', 'GetSessionToken')],
  ['two actions', (url: string) => url.replace('#', '&action=GetSessionToken#')],
  [
    'no name of ours among the signed headers',
    (url: string) => url.replace('%3Bx-pgweir-server-id', ''),
  ],
])('a token with %s is refused, and STS is not asked', async (_, change) => {
  expect(await stage.attempt(await stage.changedToken(change))).toBe(FAILED);
  expect(stage.asked).toBe(0);
});

describe('a URL to somewhere else', () => {
  let elsewhere: Server;
  let port = 0;
  let connections = 0;

  beforeAll(async () => {
    elsewhere = createServer((_, response) =>
      response.end('arn:aws:iam::123456789012:user/team/ann'),
    );
    elsewhere.on('connection', () => connections++);
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    port = (elsewhere.address() as AddressInfo).port;
  });

  afterAll(() => elsewhere.close());

  test('is never fetched, and no redirect is followed', async () => {
    const places = [
      `https://127.0.0.1:${port}/`,
      `http://127.0.0.1:${port}/`,
      `https://sts.us-east-1.amazonaws.com@127.0.0.1:${port}/`,
      `https://sts.us-east-1.amazonaws.com:${port}/`,
      `https://localhost:${port}/`,
    ];
    for (const place of places) {
      const moved = await stage.changedToken((url) => url.replace(/^https:\/\/[^/]+\//, place));
      expect(await stage.attempt(moved)).toBe(FAILED);
    }
    expect(stage.asked).toBe(0);
    stage.sts.endpoint.setAccident({ kind: 'redirect', to: `http://127.0.0.1:${port}/` });
    expect(await stage.attempt(await stage.token())).toBe(FAILED);
    expect(stage.rig.daemon.log()).toContain('STS redirects (302), which is not followed');
    expect(connections).toBe(0);
  });
});

test('a token of 100 KB is refused, and so is one of 20 KB, before anything is decoded', async () => {
  expect(await stage.attempt(PREFIX + 'A'.repeat(100_000))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toMatch(/a password message of 1000\d\d bytes/);
  expect(await stage.attempt(PREFIX + 'A'.repeat(20_000))).toBe(FAILED);
  expect(stage.rig.daemon.log()).toContain('the token has more than 16384 characters');
  expect(stage.asked).toBe(0);
});

test('without TLS nobody is asked for a token; a Unix socket needs none', async () => {
  const good = await stage.token();
  expect(await stage.attempt(good, { way: 'tcp' })).toBe(NEEDS_TLS);
  expect(stage.asked).toBe(0);
  expect(await stage.attempt(good, { way: 'unix' })).toBe('in');
});

test('rules say who logs in by IAM, by which map, and which way', async () => {
  const map = `${MAP}ops arn:aws:iam::123456789012:user/team/ann all\n`;
  stage.rig.daemon.write('iam.map', map);
  const rules = ['hostssl all app all iam', 'host all all all iam map=ops', 'local all all reject'];
  stage.rig.daemon.write('hba.conf', `${rules.join('\n')}\n`);
  const more = { auth_type: 'hba', auth_hba_file: '{dir}/hba.conf' };
  await stage.use(more);
  const [its, hers] = [await stage.token(), await stage.token({ credentials: stage.ann })];
  expect(await stage.attempt(its)).toBe('in');
  expect(await stage.attempt(hers)).toBe(FAILED);
  expect(await stage.attempt(hers, { user: 'anybody' })).toBe('in');
  expect(await stage.attempt(its, { user: 'anybody' })).toBe(FAILED);
  expect(await stage.attempt(hers, { user: 'anybody', way: 'tcp' })).toBe(NEEDS_TLS);
  expect(await stage.attempt(its, { way: 'unix' })).toBe('28000 login rejected');
  await stage.use({ ...more, iam_map: 'ops' });
  expect(await stage.attempt(hers)).toBe('in');
  expect(await stage.attempt(its)).toBe(FAILED);
  stage.rig.daemon.write('iam.map', MAP);
  await stage.use();
});

test('a RELOAD of the map holds for the next login', async () => {
  const good = await stage.token();
  expect(await stage.attempt(good, { user: 'ann' })).toBe(FAILED);
  stage.rig.daemon.write('iam.map', MAP.replace('app-*/* app', 'app-*/* ann'));
  await stage.use();
  expect(await stage.attempt(good, { user: 'ann' })).toBe('in');
  expect(await stage.attempt(good)).toBe(FAILED);
  expect(stage.asked).toBe(1);
  stage.rig.daemon.write('iam.map', MAP.replace('123456789012', '*'));
  await stage.use({}, 'RELOAD failed: the old configuration stays in force');
  expect(stage.rig.daemon.log()).toMatch(/iam\.map:1: .*the account "\*" is not 12 digits/);
  expect(await stage.attempt(good, { user: 'ann' })).toBe('in');
  stage.rig.daemon.write('iam.map', MAP);
  await stage.use();
});

test('a token is no password of the server: it is not sent there', async () => {
  const good = await stage.token();
  // The server wants a password of this user, and there is none.
  const outcome = await stage.attempt(good, { database: 'own' });
  expect(outcome).not.toBe('in');
  expect(outcome).toMatch(/^(28000|57P03) /);
  stage.rig.daemon.write('userlist.txt', '"app" "tea"\n');
  await stage.use();
  await waitFor(async () => (await stage.attempt(good, { database: 'own' })) === 'in', {
    what: 'the password of auth_file to open the pool',
  });
});

test('workers ask by themselves', async () => {
  const daemon = await stage.startDaemon({ workers: '2' });
  try {
    const good = await stage.token();
    const logins = Array.from({ length: 16 }, () => stage.attempt(good, { daemon }));
    expect(new Set(await Promise.all(logins))).toEqual(new Set(['in']));
    expect(stage.asked).toBeLessThanOrEqual(2);
    expect(await stage.attempt(good, { user: 'ann', daemon })).toBe(FAILED);
  } finally {
    await daemon.stop();
  }
});
