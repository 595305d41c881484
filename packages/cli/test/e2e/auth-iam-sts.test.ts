import { waitFor } from '@pgweir/testkit';
import { FAILED, IamStage } from './support/iam-stage';

const BUSY = '28000 The IAM authentication failed because of too many competing requests.';

let stage: IamStage;

beforeAll(async () => {
  stage = await IamStage.open();
});

afterAll(() => stage?.close());

beforeEach(() => stage.forget());

test.each([
  ['throttle', 'STS: Throttling (400)'],
  ['unavailable', 'STS: ServiceUnavailable (503)'],
  ['garbage', 'the answer of STS is not understood'],
  ['endless', 'the answer of STS is too long'],
  ['reset', 'STS'],
] as const)(
  'STS with %s lets nobody in who is new, and whom it has known before it does not matter to',
  async (kind, why) => {
    const known = await stage.token();
    expect(await stage.attempt(known)).toBe('in');
    stage.sts.endpoint.setAccident({ kind });
    const fresh = await stage.token();
    expect(await stage.attempt(fresh)).toBe(FAILED);
    expect(stage.rig.daemon.log()).toContain(why);
    expect(await stage.attempt(known)).toBe('in');
    stage.sts.endpoint.setAccident(undefined);
    expect(await stage.attempt(fresh)).toBe('in');
  },
);

test('while STS does not answer, others go on, and client_login_timeout ends the wait', async () => {
  const known = await stage.token();
  expect(await stage.attempt(known)).toBe('in');
  await stage.use({ client_login_timeout: '2' });
  stage.sts.endpoint.setAccident({ kind: 'hang' });
  const waiting = [];
  for (let i = 0; i < 40; i++) waiting.push(stage.attempt(await stage.token()));
  await waitFor(async () => stage.asked > 32, { what: 'STS to be asked' });
  expect(await stage.attempt(known)).toBe('in');
  expect(await stage.attempt('tea')).toBe(FAILED);
  // Of one address: the others wait in here.
  expect(stage.asked).toBe(33);
  const outcomes = new Set(await Promise.all(waiting));
  expect(outcomes).toEqual(new Set(['08P01 client_login_timeout']));
  stage.sts.endpoint.setAccident(undefined);
  expect(await stage.attempt(await stage.token())).toBe('in');
  await stage.use();
});

test('STS is asked once for clients who come together with one token', async () => {
  stage.sts.endpoint.setAccident({ kind: 'delay', ms: 200 });
  const one = await stage.token();
  const outcomes = await Promise.all(Array.from({ length: 30 }, () => stage.attempt(one)));
  expect(new Set(outcomes)).toEqual(new Set(['in']));
  expect(stage.asked).toBe(1);
});

test('many new tokens at once are all let in', async () => {
  stage.sts.endpoint.setAccident({ kind: 'delay', ms: 20 });
  const tokens = await Promise.all(Array.from({ length: 100 }, () => stage.token()));
  const outcomes = await Promise.all(tokens.map((one) => stage.attempt(one)));
  expect(new Set(outcomes)).toEqual(new Set(['in']));
  expect(stage.asked).toBe(100);
});

test('who brings bad tokens is asked about no more for a while; no token ever stands in the log', async () => {
  const daemon = await stage.startDaemon();
  try {
    const guessed = { ...stage.session, secretAccessKey: 'guessed' };
    // One is forgiven each second: these are some too many.
    const bad = await Promise.all(
      Array.from({ length: 30 }, () => stage.token({ credentials: guessed })),
    );
    const outcomes = await Promise.all(bad.map((one) => stage.attempt(one, { daemon })));
    for (const outcome of outcomes) expect([FAILED, BUSY]).toContain(outcome);
    const good = await stage.token();
    expect(await stage.attempt(good, { daemon })).toBe(BUSY);
    await waitFor(async () => (await stage.attempt(good, { daemon })) === 'in', {
      ...{ what: 'the bad tokens to be forgiven', deadlineMs: 24_000, everyMs: 250 },
    });
    const log = daemon.log();
    expect(log).toContain('too many tokens from this address were refused lately');
    expect(log).not.toMatch(/X-Amz|pgweir-iam-v1|guessed/);
    expect(log).not.toContain(stage.session.sessionToken);
  } finally {
    await daemon.stop();
  }
});

test('an STS whose certificate is not trusted is told nothing', async () => {
  const daemon = await stage.startDaemon({}, { AWS_ENDPOINT_URL_STS: stage.sts.url });
  try {
    expect(await stage.attempt(await stage.token(), { daemon })).toBe(FAILED);
    expect(daemon.log()).toMatch(/STS cannot be asked: \w*(CERT|SIGNATURE|ISSUER)/);
    expect(stage.asked).toBe(0);
  } finally {
    await daemon.stop();
  }
});
