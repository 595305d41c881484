import { leasePlace } from '../../src/config/lease-place';

const login = { user: 'we:ir', password: 'a@b/c' };

test.each([
  ['', { kind: 'nowhere' }, ''],
  ['file:/run/pgweir/lease', { kind: 'file', path: '/run/pgweir/lease' }, 'file:/run/pgweir/lease'],
  ['file:///run/lease', { kind: 'file', path: '/run/lease' }, 'file:/run/lease'],
  [
    'etcd://db1/weir',
    { kind: 'etcd', urls: ['http://db1:2379/'], login: undefined, key: 'weir' },
    'http://db1:2379/weir',
  ],
  [
    'etcd://db1:7,[::1], db3:9/weir/promoter',
    {
      ...{ kind: 'etcd', urls: ['http://db1:7/', 'http://[::1]:2379/', 'http://db3:9/'] },
      ...{ login: undefined, key: 'weir/promoter' },
    },
    'http://db1:7,[::1]:2379,db3:9/weir/promoter',
  ],
  [
    'https://we%3Air:a%40b%2Fc@db1/k',
    { kind: 'etcd', urls: ['https://db1:2379/'], login, key: 'k' },
    'https://db1:2379/k',
  ],
])('%j is a place', (text, place, shown) => {
  expect(leasePlace.parse(text)).toEqual({ kind: 'ok', value: place });
  const parsed = leasePlace.parse(text);
  expect(parsed.kind === 'ok' && leasePlace.show(parsed.value)).toBe(shown);
});

test.each([
  ...['file:lease', 'file:/run/', 'etcd://db1', 'etcd://db1/', 'etcd:///k', 'etcd://db1,/k'],
  ...[
    'redis://db1/k',
    'etcd://user@db1/k',
    'etcd://:x@db1/k',
    'etcd://a:%zz@db1/k',
    'etcd://db1/a b',
  ],
  ...[`etcd://db1/${'k'.repeat(501)}`, 'etcd://db1:0x1/k', 'etcd://a b/k', '/run/lease'],
])('%j is none', (text) => {
  expect(leasePlace.parse(text)).toEqual({ kind: 'bad' });
});
