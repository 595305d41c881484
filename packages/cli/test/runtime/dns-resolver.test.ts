import type { Clock, Resolver } from '@pgweir/pooler';
import { DnsResolver } from '../../src/runtime/dns-resolver';

type Answer = Parameters<Parameters<Resolver['resolve']>[1]>[0];

const FOUND: Answer = { addresses: ['10.0.0.2'] };
const NOT_FOUND: Answer = { error: new Error('ENOTFOUND') };

/** A resolver in front of a name service that counts questions, and answers behind each call. */
function resolver(answer: () => Answer) {
  let nowMs = 0;
  const asked: string[] = [];
  let reply: () => void = () => undefined;
  const clock: Clock = {
    nowMs: () => nowMs,
    wallMs: () => nowMs,
    every: () => () => undefined,
    after: () => () => undefined,
  };
  const dns = new DnsResolver(
    clock,
    () => ({ foundMs: 10_000, notFoundMs: 3000, zoneCheckMs: 0 }),
    (host, done) => {
      asked.push(host);
      reply = () => done(answer());
    },
  );
  const resolve = (host: string): Answer => {
    let got: Answer = { addresses: [] };
    dns.resolve(host, (result) => {
      got = result;
    });
    reply();
    reply = () => undefined;
    return got;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { dns, asked, resolve, pass };
}

test('dns_max_ttl is how long an address is remembered', () => {
  const { dns, asked, resolve, pass } = resolver(() => FOUND);
  expect(resolve('db.test')).toEqual(FOUND);
  pass(9999);
  expect(resolve('db.test')).toEqual(FOUND);
  expect(asked).toHaveLength(1);
  expect(dns.resolved()).toEqual([{ host: 'db.test', ttlMs: 1, addresses: ['10.0.0.2'] }]);
  pass(1);
  expect(dns.resolved()).toEqual([]);
  resolve('db.test');
  expect(asked).toHaveLength(2);
});

test('dns_nxdomain_ttl is how long it is remembered that there is no address', () => {
  let answer: Answer = NOT_FOUND;
  const { dns, asked, resolve, pass } = resolver(() => answer);
  expect(resolve('db.test')).toEqual(NOT_FOUND);
  expect(dns.resolved()).toEqual([]);
  answer = FOUND;
  pass(2999);
  expect(resolve('db.test')).toEqual(NOT_FOUND);
  expect(asked).toHaveLength(1);
  pass(1);
  expect(resolve('db.test')).toEqual(FOUND);
  expect(asked).toHaveLength(2);
});

test('addresses need no answer, and who asks while one is awaited gets the same', () => {
  const waiting: ((answer: Answer) => void)[] = [];
  const clock = { nowMs: () => 0, wallMs: () => 0, every: () => () => undefined };
  const dns = new DnsResolver(
    { ...clock, after: () => () => undefined },
    () => ({ foundMs: 0, notFoundMs: 0, zoneCheckMs: 0 }),
    (_host, done) => waiting.push(done),
  );
  const got: Answer[] = [];
  dns.resolve('10.1.2.3', (answer) => got.push(answer));
  expect(got).toEqual([{ addresses: ['10.1.2.3'] }]);
  for (let i = 0; i < 2; i++) dns.resolve('db.test', (answer) => got.push(answer));
  expect(waiting).toHaveLength(1);
  waiting[0]?.(FOUND);
  expect(got.slice(1)).toEqual([FOUND, FOUND]);
});
