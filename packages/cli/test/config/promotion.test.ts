import { loaded, problems, warnings } from '../support/config-files';

const ENTRY = 'app = host=a,b port=1,2 target_session_attrs=primary';
const ALL: Readonly<Record<string, string>> = {
  ...{ failover_mode: 'promote', fence_command: '/fence', promoter_lease: 'etcd://e:2379/k' },
  health_check_user: 'ann',
};

function ini(changes: Readonly<Record<string, string>> = {}, entries = [ENTRY]): string {
  const settings = Object.entries({ ...ALL, ...changes }).filter(([, value]) => value !== '');
  const lines = settings.map(([name, value]) => `${name} = ${value}`);
  return ['[databases]', ...entries, '[pgbouncer]', ...lines, ''].join('\n');
}

test('with a fence and a lease it is fine, and the usual times fit each other', () => {
  expect(problems(ini())).toEqual([]);
  expect(loaded(ini()).promotion).toEqual({
    ...{ isOn: true, afterMs: 10_000, minIntervalMs: 60_000, fenceCommand: '/fence' },
    ...{ fenceTimeoutMs: 10_000, leaseTtlMs: 20_000 },
    lease: { kind: 'etcd', urls: ['http://e:2379/'], login: undefined, key: 'k' },
  });
  expect(problems(ini({ promoter_lease: 'file:/run/lease', fence_timeout: '600' }))).toEqual([]);
});

test('without it nothing of this matters', () => {
  const changes = { failover_mode: 'follow', fence_command: '', promoter_lease: '' };
  expect(problems(ini(changes, ['app = host=a']))).toEqual([]);
});

test.each<[string, Readonly<Record<string, string>>, readonly string[], RegExp]>([
  [
    'a fence',
    { fence_command: '' },
    [ENTRY],
    /promote needs fence_command: without one two servers/,
  ],
  [
    'a lease',
    { promoter_lease: '' },
    [ENTRY],
    /promote needs promoter_lease: without one two pool/,
  ],
  [
    'a lease that outlasts the fencing',
    { fence_timeout: '17' },
    [ENTRY],
    /promote needs a promoter_lease_ttl of more than 20 for a fence_timeout of 17: fencing only/,
  ],
  [
    'somebody to promote',
    {},
    ['app = host=a target_session_attrs=any', 'b = host=c,d'],
    /promote needs a database with several hosts and target_session_attrs/,
  ],
  [
    'nobody else who promotes',
    {},
    [`${ENTRY} patroni=http://a:8008`],
    /promote and patroni of database "app" contradict each other: Patroni promotes there/,
  ],
  [
    'one list for each cluster',
    {},
    [ENTRY, 'more = host=A,c port=1,3 target_session_attrs=any'],
    /promote needs one list of hosts for each cluster: databases "app" and "more" share a:1 and/,
  ],
])('it needs %s', (_what, changes, entries, problem) => {
  const found = problems(ini(changes, [...entries]));
  expect(found).toEqual([expect.stringMatching(problem)]);
});

test('work that would not wait for long enough is warned about', () => {
  const about = (changes: Readonly<Record<string, string>>) =>
    warnings(ini(changes)).filter((line) => line.includes('failover_after'));
  expect(about({ failover_after: '30' })).toEqual([
    expect.stringMatching(/failover_after \(30\) is not below failover_hold_timeout \(30\)/),
  ]);
  expect(about({ failover_after: '29' })).toEqual([]);
  expect(about({ failover_after: '90', failover_hold_timeout: '0' })).toEqual([]);
});

test('the same list in another order is one, and lists that nobody follows do not matter', () => {
  const others = ['more = host=b,a port=2,1 target_session_attrs=standby', 'x = host=a,c port=1'];
  expect(problems(ini({}, [ENTRY, ...others]))).toEqual([]);
});

test('what is wrong about a lease is said without its password', () => {
  const found = problems(ini({ promoter_lease: 'etcd://ann:hunter2@/k' }));
  expect(found.join()).toMatch(/promoter_lease = \*\*\* is not a valid value; accepted: file:/);
  expect(found.join()).not.toContain('hunter2');
});
