import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { CollectingLogger, certsDir, freePort, waitFor } from '@pgweir/testkit';
import type { TopologyClaim } from '../../src/ports/topology-claims';
import { PatroniClaims, type PatroniNeeds } from '../../src/sources/patroni';
import { clockAhead } from '../../src/sources/patroni-node';
import { realClock } from '../probe/kit/real-clock';
import { FakePatroni } from './fake-patroni';

const fakes: FakePatroni[] = [];
const opened: PatroniClaims[] = [];
let log: CollectingLogger;

beforeEach(() => {
  log = new CollectingLogger();
});

afterEach(async () => {
  for (const claims of opened.splice(0)) claims.close();
  await Promise.all(fakes.splice(0).map((fake) => fake.stop()));
});

async function patroni(...tls: Parameters<typeof FakePatroni.start>): Promise<FakePatroni> {
  const fake = await FakePatroni.start(...tls);
  fakes.push(fake);
  return fake;
}

/** Three of them; `a` leads. */
async function three(): Promise<[FakePatroni, FakePatroni, FakePatroni]> {
  const [a, b, c] = await Promise.all([patroni(), patroni(), patroni()]);
  return [a.plays('a', 'a'), b.plays('b', 'a'), c.plays('c', 'a')];
}

function withLogin(url: URL, user: string, password: string): URL {
  const whole = new URL(url);
  whole.username = user;
  whole.password = password;
  return whole;
}

function watch(urls: readonly URL[], needs: Partial<PatroniNeeds> = {}): PatroniClaims {
  const common = { tls: undefined, clock: realClock, log, periodMs: 20 };
  const claims = new PatroniClaims({ urls, ...common, ...needs });
  opened.push(claims);
  claims.start(() => undefined);
  return claims;
}

function claimed(
  claims: PatroniClaims,
  fits: (claim: TopologyClaim) => boolean,
): Promise<TopologyClaim> {
  return waitFor(
    () => (claims.current !== undefined && fits(claims.current) ? claims.current : false),
    {
      what: 'a claim that fits',
    },
  );
}

const led = (claims: PatroniClaims, host: string): Promise<TopologyClaim> =>
  claimed(claims, ({ leader }) => leader?.host === host);

test('the leader and the members are found, and confirmed again and again', async () => {
  const all = await three();
  const claims = watch(all.map(({ url }) => url));
  const first = await led(claims, '10.0.0.1');
  expect(first.members.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(first).toMatchObject({ paused: false, switchover: undefined });
  await claimed(claims, ({ confirmedAtMs }) => confirmedAtMs > first.confirmedAtMs);
  expect(log.texts).toEqual([]);
  expect(new Set(all[0].asked)).toEqual(new Set(['GET primary', 'GET cluster']));
});

test('a failover is followed: nobody leads, then another one does', async () => {
  const [a, b, c] = await three();
  const claims = watch([a.url, b.url, c.url]);
  await led(claims, '10.0.0.1');
  for (const [fake, name] of [
    [a, 'a'],
    [b, 'b'],
    [c, 'c'],
  ] as const)
    fake.plays(name, undefined);
  await claimed(claims, ({ leader }) => leader === undefined);
  for (const [fake, name] of [
    [a, 'a'],
    [b, 'b'],
    [c, 'c'],
  ] as const)
    fake.plays(name, 'b');
  await led(claims, '10.0.0.2');
});

test('recheck asks at once, also where the period is long', async () => {
  const [a, b, c] = await three();
  const claims = watch([a.url, b.url, c.url], { periodMs: 600_000 });
  await led(claims, '10.0.0.1');
  a.plays('a', 'b');
  b.plays('b', 'b');
  c.plays('c', 'b');
  claims.recheck();
  await led(claims, '10.0.0.2');
});

test('a planned switchover and a pause are seen coming', async () => {
  const a = (await patroni()).plays('a', 'a', {
    pause: true,
    scheduled_switchover: { at: '2030-01-01T00:00:00+00:00', from: 'a', to: 'c' },
  });
  const claim = await led(watch([a.url]), '10.0.0.1');
  expect(claim).toMatchObject({ paused: true, switchover: { from: 'a', to: 'c' } });
  expect(claim.switchover?.atMs).toBe(Date.UTC(2030, 0, 1));
});

test.each([
  [10_000, undefined, 0],
  [10_000, 9_000, 0],
  [10_000, 10_000, 0],
  [10_000, 12_000, 1_900],
  [10_000, 5_000, -4_000],
])(
  'a clock that was asked at %p and said %p is ahead by %p at least',
  (fromMs, saidMs, aheadMs) => {
    expect(clockAhead(saidMs, fromMs, fromMs + 100)).toBe(aheadMs);
  },
);

test('a Patroni whose clock is wrong is found out about', async () => {
  const a = (await patroni()).plays('a', 'a');
  const plays = a.replies.get('GET primary');
  a.replies.set('GET primary', (response, body) => {
    response.setHeader('Date', new Date(Date.now() + 3_600_000).toUTCString());
    plays?.(response, body);
  });
  const { clockAheadMs } = await led(watch([a.url]), '10.0.0.1');
  expect(clockAheadMs).toBeGreaterThan(3_590_000);
  expect(clockAheadMs).toBeLessThanOrEqual(3_600_000);
});

type Spoil = (fake: FakePatroni) => unknown;

test.each<[string, Spoil, string]>([
  ['500', (f) => f.reply('GET primary', 500), 'HTTP status 500'],
  ['a redirection', (f) => f.reply('GET primary', 302), 'HTTP status 302'],
  ['401', (f) => f.reply('GET primary', 401), 'HTTP status 401'],
  ['silence', (f) => f.replies.set('GET primary', () => undefined), 'no answer in 1000 ms'],
  ['a body without end', (f) => f.replies.set('GET primary', drip), 'no answer in 1000 ms'],
  ['a huge body', (f) => f.reply('GET primary', 200, 'x'.repeat(300_000)), 'more than 262144'],
  ['a short body', (f) => f.replies.set('GET primary', cutOff), ''],
  ['a hang-up', (f) => f.replies.set('GET primary', (r) => r.destroy()), ''],
  ['a huge list', (f) => f.reply('GET cluster', 200, 'x'.repeat(300_000)), 'more than 262144'],
  ['a list of nonsense', (f) => f.reply('GET cluster', 200, '<html>'), 'nothing of use'],
  ['a list of wrong types', (f) => f.reply('GET cluster', 200, { members: 7 }), 'nothing of use'],
  ['no list', (f) => f.reply('GET cluster', 503), 'HTTP status 503'],
])(
  '%s from the leader is survived, logged once, and over when it is',
  async (_what, spoil, reason) => {
    const [a, b, c] = await three();
    const isLate = reason.startsWith('no answer');
    const claims = watch([a.url, b.url, c.url], { timeoutMs: isLate ? 1000 : 10_000 });
    const before = await led(claims, '10.0.0.1');
    spoil(a);
    const heard = await waitFor(() => log.texts[0], { what: 'the complaint' });
    expect(heard).toContain(`warn Patroni does not answer {"patroni":"http://${a.url.host}"`);
    expect(heard).toContain(reason);
    // It is still the leader to the others, so it stays one; nobody else becomes one.
    expect(claims.current?.leader).toEqual(before.leader);
    a.plays('a', 'a');
    const nowMs = realClock.nowMs();
    await claimed(claims, ({ confirmedAtMs }) => confirmedAtMs > nowMs);
    expect(log.texts[1]).toContain('info Patroni answers again');
    expect(log.texts).toHaveLength(2);
  },
);

function drip(response: import('node:http').ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 5);
  response.on('close', () => clearInterval(timer));
}

function cutOff(response: import('node:http').ServerResponse): void {
  response.writeHead(200, { 'Content-Length': '100' });
  response.write('{', () => response.destroy());
}

test('a peer that does not speak HTTP, and one that is not there, are silent', async () => {
  const odd: Server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.end('SSH-2.0-whatever\r\n');
  });
  await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
  const address = odd.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const b = (await patroni()).plays('b', 'b');
  const nobody = new URL(`http://127.0.0.1:${await freePort()}`);
  const claims = watch([new URL(`http://127.0.0.1:${port}`), nobody, b.url]);
  await led(claims, '10.0.0.2');
  await waitFor(() => log.texts.length === 2, { what: 'two complaints' });
  odd.close();
});

test('one that hangs does not hold the others up', async () => {
  const [a, b, c] = await three();
  a.replies.set('GET primary', () => undefined);
  const claims = watch([a.url, b.url, c.url], { timeoutMs: 600_000 });
  b.plays('b', 'b');
  c.plays('c', 'b');
  await led(claims, '10.0.0.2');
});

test('https and a login: the certificate must be right, and nothing secret is logged', async () => {
  const file = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');
  const a = await patroni({ cert: file('server.crt'), key: file('server.key') });
  a.plays('a', 'a');
  const urls = [withLogin(a.url, 'weir', 'seven-seals')];
  const right = watch(urls, { tls: { ca: file('ca.crt') } });
  await led(right, '10.0.0.1');
  const words = Buffer.from('weir:seven-seals').toString('base64');
  expect(a.authorization).toBe(`Basic ${words}`);
  const wrong = watch(urls, { tls: { ca: file('other-ca.crt') } });
  await waitFor(() => log.texts.length > 0, { what: 'the complaint' });
  expect(wrong.current).toBeUndefined();
  expect(log.texts.join()).toMatch(/certificate/);
  expect(log.texts.join()).not.toMatch(/seven-seals|c2V2/);
});

test('what stands before the @ of a URL is a login, with its special characters, and not logged', async () => {
  const a = (await patroni()).plays('a', 'b');
  a.reply('GET primary', 401);
  watch([withLogin(a.url, 'we@r', 'seven:seals')]);
  await waitFor(() => log.texts.length > 0, { what: 'the complaint' });
  expect(log.texts.join()).not.toMatch(/seven/);
  expect(a.authorization).toBe(`Basic ${Buffer.from('we@r:seven:seals').toString('base64')}`);
});

test('names are looked up by the given resolver', async () => {
  const a = (await patroni()).plays('a', 'a');
  const claims = watch([new URL(`http://patroni.invalid:${a.url.port}`)], {
    resolver: { resolve: (_host, done) => done({ addresses: ['127.0.0.1'] }) },
  });
  await led(claims, '10.0.0.1');
});

test('after close nothing is heard, and no connection is left', async () => {
  const a = (await patroni()).plays('a', 'a');
  a.replies.set('GET cluster', () => undefined);
  const heard = jest.fn();
  const common = { tls: undefined, clock: realClock, log };
  const claims = new PatroniClaims({ urls: [a.url], ...common, periodMs: 1, timeoutMs: 10_000 });
  claims.start(heard);
  await waitFor(() => a.asked.length >= 2, { what: 'the questions' });
  claims.close();
  claims.close();
  claims.recheck();
  await waitFor(() => a.open === 0, { what: 'the connections to close' });
  expect(a.asked).toHaveLength(2);
  expect(heard).not.toHaveBeenCalled();
});

describe('a switchover', () => {
  const target = { host: '10.0.0.2', port: 5432 };

  test('is asked of the leader, by the names that Patroni has', async () => {
    const [a, b, c] = await three();
    a.reply('POST switchover', 200, 'Successfully switched over to "b"');
    const claims = watch([b.url, a.url, c.url], { periodMs: 600_000 });
    await led(claims, '10.0.0.1');
    expect(await claims.switchover(target, 1000)).toEqual({ kind: 'done' });
    expect(a.bodies.filter((body) => body !== '').map((body) => JSON.parse(body))).toEqual([
      { leader: 'a', candidate: 'b' },
    ]);
    expect([...b.asked, ...c.asked]).not.toContain('POST switchover');
  });

  test.each<[number, string, string]>([
    [412, 'candidate name does not match with sync_standby', 'refused'],
    [400, 'No values given', 'refused'],
    [401, 'no auth header received', 'refused'],
    [503, 'Switchover failed', 'unknown'],
  ])('that Patroni answers with %i says what Patroni says', async (status, text, kind) => {
    const [a, b, c] = await three();
    a.reply('POST switchover', status, `${text}\n${'x'.repeat(1000)}`);
    const claims = watch([a.url, b.url, c.url]);
    await led(claims, '10.0.0.1');
    const answer = await claims.switchover(target, 1000);
    expect(answer).toMatchObject({ kind, reason: expect.stringContaining(`${status}: ${text} x`) });
    expect(JSON.stringify(answer).length).toBeLessThan(300);
  });

  test('that is not answered in time is unknown, and asked of nobody else', async () => {
    const [a, b, c] = await three();
    a.replies.set('POST switchover', () => undefined);
    const claims = watch([a.url, b.url, c.url]);
    await led(claims, '10.0.0.1');
    const reason = 'no answer in 50 ms';
    expect(await claims.switchover(target, 50)).toEqual({ kind: 'unknown', reason });
    expect([...b.asked, ...c.asked]).not.toContain('POST switchover');
  });

  test('goes to another Patroni when that of the leader cannot be reached', async () => {
    const [a, b, c] = await three();
    b.reply('POST switchover', 200);
    const claims = watch([a.url, b.url, c.url]);
    await led(claims, '10.0.0.1');
    await a.stop();
    expect(await claims.switchover(target, 1000)).toEqual({ kind: 'done' });
  });

  test('to nowhere, to the leader, or without a leader is refused without asking', async () => {
    const [a, b, c] = await three();
    const claims = watch([a.url, b.url, c.url]);
    expect(await claims.switchover(target, 1000)).toMatchObject({ kind: 'refused' });
    await led(claims, '10.0.0.1');
    const [nowhere, leader] = [
      { ...target, port: 1 },
      { ...target, host: '10.0.0.1' },
    ];
    expect(await claims.switchover(nowhere, 1000)).toEqual({
      ...{ kind: 'refused', reason: 'Patroni has no member with the address 10.0.0.2:1' },
    });
    expect(await claims.switchover(leader, 1000)).toEqual({
      ...{ kind: 'refused', reason: '10.0.0.1:5432 is the leader already' },
    });
    expect(a.asked).not.toContain('POST switchover');
  });
});
