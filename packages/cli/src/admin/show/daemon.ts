import { memoryUsage } from 'node:process';
import { showConfig } from '../../config/show-config';
import { VERSION } from '../../version';
import type { Row } from '../table';
import { integers, type Scene, type ShowItems, texts } from './item';
import { databaseNames, userNames } from './pools';

const yes = (is: boolean): string => (is ? 'yes' : 'no');

/** The caches of PgBouncer, as far as there is the like here: how many there are of what it names. */
function memory({ picture, config }: Scene): readonly Row[] {
  const links = picture.linksTotal;
  const statements = picture.links.reduce((sum, link) => sum + link.preparedStatements, 0);
  const used: readonly (readonly [string, number])[] = [
    ['user_cache', config.userNames.length],
    ['credentials_cache', config.userNames.length],
    ['db_cache', config.pooler.databases.size],
    ['peer_cache', config.pooler.peers.size],
    ['peer_pool_cache', config.pooler.peers.size],
    ['pool_cache', picture.pools.length],
    ['outstanding_request_cache', 0],
    ['server_cache', links],
    ['client_cache', picture.clientsTotal],
    ['iobuf_cache', 1],
    ['var_list_cache', 0],
    ['server_prepared_statement_cache', statements],
  ];
  // One heap holds them all: what each takes of it nobody can say.
  const { heapUsed } = memoryUsage();
  return used.map(([name, count]) => [name, 0, count, 0, name === 'client_cache' ? heapUsed : 0]);
}

function lists(scene: Scene): readonly Row[] {
  const { picture, config } = scene;
  return [
    ['databases', databaseNames(scene).length + 1],
    ['users', userNames(scene).length],
    ['peers', config.pooler.peers.size],
    ['pools', picture.pools.length + 1],
    ['peer_pools', config.pooler.peers.size],
    ['free_clients', 0],
    ['used_clients', picture.clientsTotal],
    ['login_clients', picture.loginsTotal],
    // Nothing is kept ready for those to come.
    ['free_servers', 0],
    ['used_servers', picture.linksTotal],
    ['dns_names', picture.resolvedHosts.length],
    ['dns_zones', picture.resolvedZones.length],
    ['dns_queries', 0],
    ['dns_pending', 0],
  ];
}

/** About the daemon itself. */
export const DAEMON: ShowItems = {
  version: {
    help: 'The version.',
    columns: texts('version'),
    rows: () => [[`pgweir ${VERSION}`]],
  },
  state: {
    help: 'Whether everything is active, paused or suspended.',
    columns: texts('key', 'value'),
    rows: ({ picture: { holds } }) => [
      ['active', yes(!holds.paused && !holds.suspended)],
      ['paused', yes(holds.paused)],
      ['suspended', yes(holds.suspended)],
    ],
  },
  config: {
    help:
      'Each setting of `[pgbouncer]` with its value and default, and whether a reload changes ' +
      'it. Secrets are `***`.',
    columns: texts('key', 'value', 'default', 'changeable'),
    rows: ({ config }) =>
      showConfig(config.values).map((row) => [row.key, row.value, row.default, row.changeable]),
  },
  lists: {
    help: 'How many there are of each kind of thing.',
    columns: [...texts('list'), ...integers('items')],
    parts: ['clients', 'resolvedHosts'],
    rows: lists,
  },
  mem: {
    help:
      'How many things of each kind there are. One heap holds them all, so only its total, ' +
      'beside `client_cache`, is a size.',
    columns: [...texts('name'), ...integers('size', 'used', 'free', 'memtotal')],
    parts: ['links'],
    rows: memory,
  },
  dns_hosts: {
    help: 'Names of hosts that are known: for how many seconds still, and their addresses.',
    columns: [...texts('hostname'), ['ttl', 'int8'], ...texts('addrs')],
    parts: ['resolvedHosts'],
    rows: ({ picture }) =>
      picture.resolvedHosts.map(({ host, ttlMs, addresses }) => [
        host,
        Math.max(0, Math.ceil(ttlMs / 1000)),
        addresses.join(','),
      ]),
  },
  dns_zones: {
    help:
      'The zones that these names are in, while `dns_zone_check_period` asks for them. Serial ' +
      '0: no answer, or no zone of its own.',
    columns: [...texts('zonename'), ['serial', 'int8'], ...integers('count')],
    parts: ['resolvedHosts'],
    rows: ({ picture }) =>
      picture.resolvedZones.map(({ zone, serial, hosts }) => [zone, serial, hosts]),
  },
};
