import fc from 'fast-check';
import { auroraSource } from '../../src/topology/aurora';
import { rdsClusterSource } from '../../src/topology/rds-cluster';

const aurora = auroraSource({ pattern: '?.abc.eu-west-1.rds.amazonaws.com', port: 5433 });
const rds = rdsClusterSource();

test('Aurora: names become hosts, and the writer is the one with the session of the master', () => {
  const text = JSON.stringify({
    self: 'db-2',
    members: [
      { name: 'db-1', writer: true, lag: null, age: 12.5 },
      { name: 'db-2', writer: false, lag: 17.25, age: null },
    ],
  });
  const port = 5433;
  expect(aurora.read(text)).toEqual({
    self: 'db-2',
    members: [
      {
        ...{ name: 'db-1', address: { host: 'db-1.abc.eu-west-1.rds.amazonaws.com', port } },
        ...{ isWriter: true, lagMs: undefined, ageMs: 12.5 },
      },
      {
        ...{ name: 'db-2', address: { host: 'db-2.abc.eu-west-1.rds.amazonaws.com', port } },
        ...{ isWriter: false, lagMs: 17.25, ageMs: undefined },
      },
    ],
  });
});

test('what is no name of an instance is passed over, and no host is made of it', () => {
  const names = ['a.evil.example', 'a/b', '', '-a', 'a b', 7, null, 'x'.repeat(64)];
  const members = [...names.map((name) => ({ name })), { name: 'fine' }];
  const view = aurora.read(JSON.stringify({ self: 'fine', members }));
  expect(view?.members.map(({ name }) => name)).toEqual(['fine']);
  expect(aurora.read(JSON.stringify({ self: 'a.evil.example', members: [] }))).toBeUndefined();
});

test('a clock that is ahead, and values that are none', () => {
  const members = [
    { name: 'a', lag: -3, age: -10 },
    { name: 'b', lag: 'late', age: [] },
  ];
  const view = aurora.read(JSON.stringify({ self: 'a', members }));
  expect(view?.members).toMatchObject([
    { lagMs: 0, ageMs: 0, isWriter: false },
    { lagMs: undefined, ageMs: undefined, isWriter: false },
  ]);
});

test('a Multi-AZ cluster: endpoints as they are listed, the writer is the source', () => {
  const members = [
    { name: 'db-AAA', host: 'one.abc.eu-west-1.rds.amazonaws.com', port: 5432 },
    { name: 'db-BBB', host: 'two.abc.eu-west-1.rds.amazonaws.com', port: 5432 },
  ];
  const ofReader = rds.read(JSON.stringify({ self: 'db-BBB', source: 'db-AAA', members }));
  expect(ofReader?.members).toMatchObject([
    { name: 'db-AAA', address: { host: members[0]?.host, port: 5432 }, isWriter: true },
    { name: 'db-BBB', isWriter: false },
  ]);
  // A writer has no source, or is its own.
  for (const source of [null, 'db-AAA']) {
    const ofWriter = rds.read(JSON.stringify({ self: 'db-AAA', source, members }));
    expect(ofWriter?.members.map(({ isWriter }) => isWriter)).toEqual([true, false]);
  }
});

test.each([
  ['a host with a slash', { name: 'a', host: 'a/b', port: 1 }],
  ['no host', { name: 'a', port: 1 }],
  ['a port that is none', { name: 'a', host: 'a', port: 65_536 }],
  ['a port in words', { name: 'a', host: 'a', port: '5432' }],
])('a Multi-AZ cluster: %s is passed over', (_what, member) => {
  expect(rds.read(JSON.stringify({ self: 'a', members: [member] }))?.members).toEqual([]);
});

test.each(['', 'null', '[]', '{}', '{"self":"a"}', '{"self":"a","members":{}}', '{"members":[]}'])(
  'nobody says %j',
  (text) => {
    expect(aurora.read(text)).toBeUndefined();
    expect(rds.read(text)).toBeUndefined();
  },
);

test('whatever comes, it is a view or none', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"self":"a","members":[${json}]}`),
      ),
      (text) => {
        for (const source of [aurora, rds]) {
          for (const { name, address } of source.read(text)?.members ?? []) {
            expect(name).toMatch(/^[a-zA-Z0-9-]+$/);
            expect(address.host).not.toMatch(/[^a-zA-Z0-9.:-]/);
          }
        }
      },
    ),
  );
});

test('a thousand members are more than any cluster has', () => {
  const members = Array.from({ length: 1_000 }, (_, at) => ({ name: `a${at}` }));
  expect(aurora.read(JSON.stringify({ self: 'a1', members }))?.members).toHaveLength(64);
});
