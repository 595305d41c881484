import type { Resolver } from '@pgweir/pooler';
import { DnsClaims, type DnsNeeds } from '../../src/sources/dns';
import { CollectingLogger } from './collecting-logger';
import { HandClock } from './hand-clock';

type Answer = Parameters<Parameters<Resolver['resolve']>[1]>[0];

/** A name server in the hand of a test. */
class HandResolver implements Resolver {
  /** Questions without answer. */
  readonly open: ((answer: Answer) => void)[] = [];
  asked = 0;

  resolve(host: string, done: (answer: Answer) => void): void {
    expect(host).toBe('db.example');
    this.asked++;
    this.open.push(done);
  }

  /** Answers the oldest question. */
  answer(...addresses: string[]): void {
    this.open.shift()?.({ addresses });
  }

  fail(): void {
    this.open.shift()?.({ error: new Error('SERVFAIL') });
  }
}

let clock: HandClock;
let resolver: HandResolver;
let log: CollectingLogger;
let changes: number;

beforeEach(() => {
  clock = new HandClock();
  resolver = new HandResolver();
  log = new CollectingLogger();
  changes = 0;
});

function started(needs: Partial<DnsNeeds> = {}): DnsClaims {
  const common = { host: 'db.example', port: 5432, clock, log, resolver };
  const claims = new DnsClaims({ ...common, ...needs });
  claims.start(() => changes++);
  clock.advance(0);
  return claims;
}

const hostsOf = (claims: DnsClaims): (string | undefined)[] | undefined =>
  claims.current?.members.map(({ address }) => address?.host);

test('the addresses of a name are the members, in one order, and nobody leads', () => {
  const claims = started();
  expect(claims.current).toBeUndefined();
  resolver.answer('10.0.0.2', '10.0.0.1', '10.0.0.2');
  expect(claims.current).toEqual({
    ...{ leader: undefined, paused: false, switchover: undefined, confirmedAtMs: 1000 },
    members: [
      { name: '10.0.0.1', address: { host: '10.0.0.1', port: 5432 }, state: '' },
      { name: '10.0.0.2', address: { host: '10.0.0.2', port: 5432 }, state: '' },
    ],
  });
  expect(changes).toBe(1);
});

test('the name is looked at again after the period, and its new answer replaces the old one', () => {
  const claims = started({ periodMs: 5000 });
  resolver.answer('10.0.0.1');
  clock.advance(4999);
  expect(resolver.asked).toBe(1);
  clock.advance(1);
  resolver.answer('10.0.0.2');
  expect(hostsOf(claims)).toEqual(['10.0.0.2']);
  expect(claims.current?.confirmedAtMs).toBe(6000);
  expect(changes).toBe(2);
});

test('an error, an empty answer and silence change nothing, and are logged once', () => {
  const claims = started({ periodMs: 1000, timeoutMs: 300 });
  resolver.answer('10.0.0.1');
  clock.advance(1000);
  resolver.fail();
  clock.advance(1000);
  resolver.answer();
  clock.advance(1000);
  clock.advance(300);
  expect(hostsOf(claims)).toEqual(['10.0.0.1']);
  expect(claims.current?.confirmedAtMs).toBe(1000);
  expect(changes).toBe(1);
  expect(log.lines).toEqual([
    'warn name cannot be resolved {"host":"db.example","reason":"SERVFAIL"}',
  ]);
  clock.advance(1000);
  // The silent question's answer comes late, and is not the answer to this one.
  resolver.answer('10.6.6.6');
  expect(hostsOf(claims)).toEqual(['10.0.0.1']);
  resolver.answer('10.0.0.3');
  expect(hostsOf(claims)).toEqual(['10.0.0.3']);
  expect(log.lines).toHaveLength(2);
});

test('a failure has the name resolved at once, and what is remembered of it forgotten', () => {
  const forgotten: string[] = [];
  const claims = started({ forget: (host) => forgotten.push(host) });
  resolver.answer('10.0.0.1');
  clock.advance(100);
  claims.recheck();
  clock.advance(0);
  expect(forgotten).toEqual(['db.example']);
  expect(resolver.asked).toBe(2);
  // While it is being asked, the answer may be an old one: once more, and not more often.
  claims.recheck();
  claims.recheck();
  resolver.answer('10.0.0.1');
  clock.advance(50);
  resolver.answer('10.0.0.2');
  expect(hostsOf(claims)).toEqual(['10.0.0.2']);
  clock.advance(4999);
  expect(resolver.asked).toBe(3);
});

test('whoever rechecks without end does not ask without end', () => {
  const claims = started();
  for (let ms = 0; ms < 1000; ms++) {
    resolver.answer('10.0.0.1');
    claims.recheck();
    clock.advance(1);
  }
  expect(resolver.asked).toBeLessThanOrEqual(21);
});

test('more addresses than a cluster has are cut off', () => {
  const claims = started();
  resolver.answer(...Array.from({ length: 500 }, (_, n) => `10.0.${n >> 8}.${n & 255}`));
  expect(claims.current?.members).toHaveLength(100);
});

test('after close nothing is asked, heard or timed', () => {
  const claims = started();
  claims.close();
  claims.close();
  resolver.answer('10.0.0.1');
  claims.recheck();
  clock.advance(60_000);
  expect(resolver.asked).toBe(1);
  expect(changes).toBe(0);
  expect(clock.pending).toBe(0);
});
