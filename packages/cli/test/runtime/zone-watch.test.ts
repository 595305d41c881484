import type { LogFields } from '@pgweir/pooler';
import { DnsResolver } from '../../src/runtime/dns-resolver';
import { ZoneWatch } from '../../src/runtime/zone-watch';

/** A resolver and a watch over zones that a test answers for, with time in its hands. */
function stage(options: { readonly periodMs?: number } = {}) {
  const time = { nowMs: 1000, periodMs: options.periodMs ?? 10_000 };
  const clock = {
    nowMs: () => time.nowMs,
    wallMs: () => time.nowMs,
    every: () => () => undefined,
    after: () => () => undefined,
  };
  const dns = {
    addresses: new Map<string, string>(),
    serials: new Map<string, number>(),
    /** Names and zones, in the order in which they were asked for. */
    asked: [] as string[],
    answers: [] as (() => void)[],
  };
  const resolver = new DnsResolver(
    clock,
    () => ({ foundMs: 3_600_000, notFoundMs: 1000, zoneCheckMs: time.periodMs }),
    (host, done) => {
      dns.asked.push(host);
      const address = dns.addresses.get(host);
      dns.answers.push(() =>
        done(address === undefined ? { error: new Error('ENOTFOUND') } : { addresses: [address] }),
      );
    },
  );
  const logged: (LogFields | undefined)[] = [];
  const quiet = () => undefined;
  const zones = new ZoneWatch({
    clock,
    log: { error: quiet, warn: quiet, debug: quiet, info: (_, fields) => void logged.push(fields) },
    periodMs: () => time.periodMs,
    names: () => resolver.names(),
    askSerial: async (zone) => {
      dns.asked.push(zone);
      const serial = dns.serials.get(zone);
      if (serial === undefined) throw new Error('ENODATA');
      return serial;
    },
    forget: (names) => resolver.forget(names),
  });
  const answerAll = (): void => {
    for (const answer of dns.answers.splice(0)) answer();
  };
  return {
    ...{ time, dns, logged, zones, resolver, answerAll },
    /** What a name leads to: the answer may be a remembered one. */
    ask(host: string): string | undefined {
      let heard: string | undefined;
      resolver.resolve(host, (answer) => {
        heard = 'addresses' in answer ? answer.addresses[0] : answer.error.message;
      });
      answerAll();
      return heard;
    },
    /** A round of questions after the period, with everything that follows from its answers. */
    async round(): Promise<void> {
      time.nowMs += time.periodMs;
      zones.tick();
      await new Promise(setImmediate);
    },
  };
}

test('when the serial of a zone changes its names are looked up anew, and no others', async () => {
  const { dns, ask, round, logged } = stage();
  const names = ['a.example.org', 'b.example.org', 'a.example.net'];
  for (const name of names) dns.addresses.set(name, '10.0.0.1');
  dns.serials.set('example.org', 7).set('example.net', 7);
  expect(names.map(ask)).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
  await round();
  await round();
  for (const name of names) dns.addresses.set(name, '10.0.0.2');
  expect(names.map(ask)).toEqual(['10.0.0.1', '10.0.0.1', '10.0.0.1']);
  expect(logged).toEqual([]);
  dns.serials.set('example.org', 8);
  await round();
  expect(names.map(ask)).toEqual(['10.0.0.2', '10.0.0.2', '10.0.0.1']);
  expect(logged).toEqual([{ zone: 'example.org', before: 7, serial: 8 }]);
});

test('each zone is asked once in a period, one after the other', async () => {
  const { dns, time, zones, ask, round } = stage();
  for (const name of ['a.x.org', 'b.x.org', 'a.y.org', '10.0.0.1', 'local', 'dot.']) {
    dns.addresses.set(name, '10.0.0.1');
    ask(name);
  }
  dns.asked.splice(0);
  dns.serials.set('x.org', 1).set('y.org', 1);
  await round();
  expect(dns.asked).toEqual(['x.org', 'y.org']);
  time.nowMs += time.periodMs - 1;
  zones.tick();
  expect(dns.asked).toHaveLength(2);
  time.nowMs += 1;
  zones.tick();
  zones.tick();
  expect(dns.asked).toHaveLength(3);
});

test('a zone that does not answer keeps its serial, and its names their addresses', async () => {
  const { dns, ask, round, zones } = stage();
  dns.addresses.set('a.x.org', '10.0.0.1');
  dns.serials.set('x.org', 5);
  ask('a.x.org');
  expect(zones.zones()).toEqual([{ zone: 'x.org', serial: 0, hosts: 1 }]);
  await round();
  dns.serials.delete('x.org');
  dns.addresses.set('a.x.org', '10.0.0.2');
  await round();
  expect(ask('a.x.org')).toBe('10.0.0.1');
  expect(zones.zones()).toEqual([{ zone: 'x.org', serial: 5, hosts: 1 }]);
  dns.serials.set('x.org', 6);
  await round();
  expect(ask('a.x.org')).toBe('10.0.0.2');
});

test('an answer to a question from before the change is not remembered', async () => {
  const { dns, ask, round, resolver, time, answerAll } = stage();
  dns.addresses.set('a.x.org', '10.0.0.1');
  dns.serials.set('x.org', 1);
  ask('a.x.org');
  await round();
  time.nowMs += 3_600_000;
  const heard: unknown[] = [];
  resolver.resolve('a.x.org', (answer) => heard.push(answer));
  dns.addresses.set('a.x.org', '10.0.0.2');
  dns.serials.set('x.org', 2);
  await round();
  answerAll();
  expect(heard).toEqual([{ addresses: ['10.0.0.1'] }]);
  expect(ask('a.x.org')).toBe('10.0.0.2');
});

test('without a period nothing is asked and no zone is shown', async () => {
  const { dns, ask, round, zones } = stage({ periodMs: 0 });
  dns.addresses.set('a.x.org', '10.0.0.1');
  ask('a.x.org');
  await round();
  expect(dns.asked).toEqual(['a.x.org']);
  expect(zones.zones()).toEqual([]);
});

test('names that lead nowhere make no zone', async () => {
  const { dns, ask, round } = stage();
  expect(ask('a.x.org')).toBe('ENOTFOUND');
  await round();
  expect(dns.asked).toEqual(['a.x.org']);
});
