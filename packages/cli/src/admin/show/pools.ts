import type { DatabaseName, DatabaseSettings, PoolView, UserName } from '@pgweir/pooler';
import type { Row } from '../table';
import {
  byName,
  CONSOLE_DATABASE,
  integers,
  restMicroseconds,
  type Scene,
  type ShowItems,
  texts,
  wholeSeconds,
} from './item';

/** Several hosts are in the settings as a list; only there it matters how they are chosen. */
function balancing(database: DatabaseSettings | undefined): string | null {
  if (database === undefined || database.hosts.length < 2) return null;
  return database.loadBalanceHosts;
}

function settingsOf({ config }: Scene, name: string): DatabaseSettings | undefined {
  const { databases, fallbackDatabase } = config.pooler;
  return databases.get(name as DatabaseName) ?? fallbackDatabase;
}

function poolRow(scene: Scene, pool: PoolView): Row {
  return [
    pool.database,
    pool.user,
    pool.clientsActive + pool.clientsIdle,
    pool.clientsWaiting,
    pool.clientsCanceling,
    0,
    pool.linksActive,
    pool.clientsCanceling,
    pool.linksBeingCanceled,
    pool.linksIdle,
    // Those that PostgreSQL has not let go of: they still count.
    pool.linksClosing,
    pool.linksTested,
    pool.linksDialing,
    wholeSeconds(pool.waitMaxMs),
    restMicroseconds(pool.waitMaxMs),
    pool.poolMode,
    balancing(settingsOf(scene, pool.database)),
  ];
}

function consolePool({ picture }: Scene): Row {
  const zeros = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  return [CONSOLE_DATABASE, CONSOLE_DATABASE, picture.consoleClients, ...zeros, 'statement', null];
}

export const linksOf = (pool: PoolView): number =>
  pool.linksActive +
  pool.linksIdle +
  pool.linksTested +
  pool.linksDialing +
  pool.linksClosing +
  pool.linksBeingCanceled;

export const clientsOf = (pool: PoolView): number =>
  pool.clientsActive + pool.clientsIdle + pool.clientsWaiting;

const sum = (pools: readonly PoolView[], of: (pool: PoolView) => number): number =>
  pools.reduce((total, pool) => total + of(pool), 0);

function databaseRow(scene: Scene, name: string): Row {
  const { picture, config } = scene;
  const settings = settingsOf(scene, name);
  const globals = config.pooler;
  const pools = picture.pools.filter((pool) => pool.database === name);
  return [
    name,
    hostOf(scene, settings),
    settings?.ports[0] ?? 0,
    settings?.dbname ?? name,
    settings?.forcedUser ?? null,
    settings?.poolSize ?? globals.poolSize,
    settings?.minPoolSize ?? globals.minPoolSize,
    settings?.reservePoolSize ?? globals.reservePoolSize,
    wholeSeconds(settings?.serverLifetimeMs ?? globals.serverLifetimeMs),
    settings?.poolMode ?? null,
    balancing(settings),
    settings?.databaseLinksMax ?? globals.databaseLinksMax,
    sum(pools, linksOf),
    settings?.databaseClientsMax ?? globals.databaseClientsMax,
    sum(pools, clientsOf),
    picture.holds.pausedDatabases.includes(name) ? 1 : 0,
    picture.holds.disabledDatabases.includes(name) ? 1 : 0,
  ];
}

/** Null: the default, which is a directory of Unix sockets. */
function hostOf({ config }: Scene, settings: DatabaseSettings | undefined): string | null {
  const host = settings?.hosts.join(',') ?? '';
  return host === '' || host === (config.listen.unixSocketDir ?? '/tmp') ? null : host;
}

/** As PgBouncer describes its own. */
function consoleDatabase({ picture, config }: Scene): Row {
  const numbers = [2, 0, 0, wholeSeconds(config.pooler.serverLifetimeMs)];
  const { port } = config.listen;
  return [
    ...[CONSOLE_DATABASE, null, port, CONSOLE_DATABASE, CONSOLE_DATABASE, ...numbers],
    ...['statement', null, 0, 0, 0, picture.consoleClients, 0, 0],
  ];
}

/** Those of the configuration and those that came into being through its `*` entry. */
export function databaseNames({ picture, config }: Scene): readonly string[] {
  const names = [...config.pooler.databases.keys(), ...picture.stats.map((row) => row.database)];
  return [...new Set<string>(names)].sort(byName);
}

/** Those of auth_file and [users], the console's own, and those who are or were here. */
export function userNames({ picture, config }: Scene): readonly string[] {
  const seen = [...picture.pools, ...picture.clients].map(({ user }) => user);
  return [...new Set<string>([...config.userNames, CONSOLE_DATABASE, ...seen])].sort(byName);
}

/** Sizes of users are text in PgBouncer, and right-aligned. */
const size = (number: number | undefined): string =>
  number === undefined ? '' : String(number).padStart(9);

function userRow({ picture, config }: Scene, name: string): Row {
  const globals = config.pooler;
  const settings = globals.users.get(name as UserName);
  return [
    name,
    size(settings?.poolSize),
    size(settings?.reservePoolSize),
    settings?.poolMode ?? null,
    settings?.userLinksMax ?? globals.userLinksMax,
    sum(
      picture.pools.filter((pool) => pool.user === name),
      linksOf,
    ),
    settings?.userClientsMax ?? globals.userClientsMax,
    picture.clients.filter((client) => client.user === name).length,
  ];
}

/** A peer has a row also when nothing is being passed on to it. */
function peerPools({ picture, config }: Scene): readonly Row[] {
  const busy = new Map(picture.peerPools.map((pool) => [pool.peer, pool]));
  return [...config.pooler.peers.keys()].map((id) => {
    const { sent = 0, dialing = 0, queued = 0 } = busy.get(id) ?? {};
    return [id, sent, queued + dialing, sent, dialing];
  });
}

export const POOLS: ShowItems = {
  pools: {
    help:
      'Each pool: its clients and links by state, and for how long the first in the queue has ' +
      'waited. `sv_used` counts links that PostgreSQL has not let go of yet; they count in ' +
      'every cap.',
    columns: [
      ...texts('database', 'user'),
      ...integers('cl_active', 'cl_waiting', 'cl_active_cancel_req', 'cl_waiting_cancel_req'),
      ...integers('sv_active', 'sv_active_cancel', 'sv_being_canceled', 'sv_idle', 'sv_used'),
      ...integers('sv_tested', 'sv_login', 'maxwait', 'maxwait_us'),
      ...texts('pool_mode', 'load_balance_hosts'),
    ],
    rows: (scene) =>
      [...scene.picture.pools.map((pool) => poolRow(scene, pool)), consolePool(scene)].sort(
        ([a, user], [b, other]) =>
          byName(String(a), String(b)) || byName(String(user), String(other)),
      ),
  },
  databases: {
    help: 'What is configured for each database, and what is used of it.',
    columns: [
      ...texts('name', 'host'),
      ...integers('port'),
      ...texts('database', 'force_user'),
      ...integers('pool_size', 'min_pool_size', 'reserve_pool_size', 'server_lifetime'),
      ...texts('pool_mode', 'load_balance_hosts'),
      ...integers('max_connections', 'current_connections'),
      ...integers('max_client_connections', 'current_client_connections'),
      ...integers('paused', 'disabled'),
    ],
    rows: (scene) =>
      [
        ...databaseNames(scene).map((name) => databaseRow(scene, name)),
        consoleDatabase(scene),
      ].sort(([a], [b]) => byName(String(a), String(b))),
  },
  users: {
    help: 'What is configured for each user, and what is used of it.',
    columns: [
      ...texts('name', 'pool_size', 'reserve_pool_size', 'pool_mode'),
      ...integers('max_user_connections', 'current_connections'),
      ...integers('max_user_client_connections', 'current_client_connections'),
    ],
    parts: ['clients'],
    rows: (scene) => userNames(scene).map((name) => userRow(scene, name)),
  },
  peers: {
    help: 'What `[peers]` says.',
    columns: [...integers('peer_id'), ...texts('host'), ...integers('port', 'pool_size')],
    rows: ({ config }) =>
      [...config.pooler.peers.values()].map(({ id, host, port, poolSize }) => [
        id,
        host,
        port,
        poolSize,
      ]),
  },
  peer_pools: {
    help: 'Cancel requests that are with a peer or wait for it, over all workers.',
    columns: integers(
      'peer_id',
      'cl_active_cancel_req',
      'cl_waiting_cancel_req',
      'sv_active_cancel',
      'sv_login',
    ),
    rows: peerPools,
  },
};
