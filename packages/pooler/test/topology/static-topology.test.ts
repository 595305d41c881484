import { databaseName } from '../../src/ports/names';
import { StaticTopology } from '../../src/topology/static-topology';
import { databaseSettings, poolerSettings } from '../kit/settings';

test.each([
  [[6000], [6000, 6000, 6000]],
  [
    [6000, 6001, 6002],
    [6000, 6001, 6002],
  ],
])('hosts with the ports %p', (ports, wanted) => {
  const hosts = ['a', 'b', 'c'];
  const app = databaseName('app');
  const databases = new Map([[app, databaseSettings({ hosts, ports })]]);
  const { servers } = new StaticTopology(poolerSettings({ databases })).current;
  expect(servers.get(app)?.map(({ host, port }) => `${host}:${port}`)).toEqual(
    hosts.map((host, at) => `${host}:${wanted[at]}`),
  );
});

test('a static list knows no roles, before and after a reload', () => {
  const topology = new StaticTopology(poolerSettings());
  expect(topology.current.roles.size).toBe(0);
  topology.publish(poolerSettings());
  expect(topology.current.roles.size).toBe(0);
  expect(topology.current.servers.get(databaseName('app'))).toEqual([
    { host: 'db.test', port: 5432, role: 'unknown' },
  ]);
});
