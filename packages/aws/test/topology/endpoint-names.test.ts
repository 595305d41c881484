import { instancePattern } from '../../src/topology/endpoint-names';

test.each([
  ['an instance', 'db-1.abc123.eu-central-1.rds.amazonaws.com'],
  ['a cluster', 'shop.cluster-abc123.eu-central-1.rds.amazonaws.com'],
  ['its readers', 'shop.cluster-ro-abc123.eu-central-1.rds.amazonaws.com'],
  ['some of its instances', 'reports.cluster-custom-abc123.eu-central-1.rds.amazonaws.com'],
  ['a name in capitals', 'SHOP.CLUSTER-ABC123.EU-CENTRAL-1.RDS.AMAZONAWS.COM'],
])('the endpoint of %s tells how instances are called', (_of, host) => {
  expect(instancePattern([host], undefined)).toEqual({
    kind: 'pattern',
    pattern: '?.abc123.eu-central-1.rds.amazonaws.com',
  });
});

test.each([
  [
    'shop.cluster-abc123.rds.cn-north-1.amazonaws.com.cn',
    '?.abc123.rds.cn-north-1.amazonaws.com.cn',
  ],
  [
    'shop.cluster-abc123.us-gov-west-1.rds.amazonaws.com',
    '?.abc123.us-gov-west-1.rds.amazonaws.com',
  ],
])('%s', (host, pattern) => {
  expect(instancePattern([host], undefined)).toEqual({ kind: 'pattern', pattern });
});

test('a pattern that is set holds, whatever the hosts are', () => {
  const set = { kind: 'pattern', pattern: '?.db.example' };
  expect(instancePattern(['10.0.0.1'], '?.db.example')).toEqual(set);
  expect(instancePattern(['a.cluster-x.eu-west-1.rds.amazonaws.com'], '?.db.example')).toEqual(set);
});

test.each([
  [['10.0.0.1'], /none of its hosts is an endpoint of RDS: set instance_host_pattern/],
  [['db.example.com', 'localhost'], /none of its hosts is an endpoint of RDS/],
  [['a.cluster-x.eu-west-1.rds.amazonaws.com.evil.example'], /none of its hosts/],
  [['a.proxy-abc.eu-west-1.rds.amazonaws.com'], /is an RDS Proxy, which hides the instances/],
  [['a.global-abc.global.rds.amazonaws.com'], /is of a global database/],
  [['a.shardgrp-abc.eu-west-1.rds.amazonaws.com'], /is a shard group/],
  [
    ['a.cluster-x.eu-west-1.rds.amazonaws.com', 'a.cluster-y.eu-west-1.rds.amazonaws.com'],
    /are of several accounts or regions/,
  ],
])('%j does not lead to instances', (hosts, why) => {
  expect(instancePattern(hosts, undefined)).toEqual({
    kind: 'none',
    why: expect.stringMatching(why),
  });
});

test('an RDS Proxy is refused also where the pattern is set', () => {
  const hosts = ['a.proxy-abc.eu-west-1.rds.amazonaws.com'];
  expect(instancePattern(hosts, '?.abc.eu-west-1.rds.amazonaws.com').kind).toBe('none');
});
