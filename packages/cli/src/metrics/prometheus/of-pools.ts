import {
  countOf,
  type DatabaseName,
  linkLimits,
  type PoolView,
  poolKey,
  type UserName,
} from '@pgweir/pooler';
import { counter, gauge, type Metric, type MetricScene, type Sample } from './metric';

const LABELS = ['database', 'user'];
const OF_POOL = { subject: 'pool', labels: LABELS } as const;

const CLIENTS = {
  active: ({ clientsActive }: PoolView) => clientsActive,
  idle: ({ clientsIdle }: PoolView) => clientsIdle,
  waiting: ({ clientsWaiting }: PoolView) => clientsWaiting,
};

const LINKS = {
  active: ({ linksActive }: PoolView) => linksActive,
  idle: ({ linksIdle }: PoolView) => linksIdle,
  tested: ({ linksTested }: PoolView) => linksTested,
  dialing: ({ linksDialing }: PoolView) => linksDialing,
  closing: ({ linksClosing }: PoolView) => linksClosing,
  canceling: ({ linksBeingCanceled }: PoolView) => linksBeingCanceled,
};

type ByState = Readonly<Record<string, (pool: PoolView) => number>>;

function byState(states: ByState): (scene: MetricScene) => readonly Sample[] {
  const all = Object.entries(states);
  return ({ picture }) =>
    picture.pools.flatMap((pool) =>
      all.map(([state, of]) => ({ labels: [pool.database, pool.user, state], value: of(pool) })),
    );
}

function each(of: (pool: PoolView) => number): (scene: MetricScene) => readonly Sample[] {
  return ({ picture }) =>
    picture.pools.map((pool) => ({ labels: [pool.database, pool.user], value: of(pool) }));
}

/** The reserve included; 0: no limit. */
function linksMax({ picture, config }: MetricScene): readonly Sample[] {
  return picture.pools.flatMap(({ database: name, user: owner }) => {
    // The view has them from these very names.
    const database = name as DatabaseName;
    const user = owner as UserName;
    const limits = linkLimits(config.pooler, { database, user, pool: poolKey(database, user) });
    return limits === undefined ? [] : [{ labels: [name, owner], value: limits.poolLinksMax }];
  });
}

/** Pools, by database and user; the pools of replicas are parts of those. */
export const OF_POOLS: readonly Metric[] = [
  gauge(
    'pgweir_pool_clients',
    'Clients of a pool: active (have a link), waiting (for one) or idle.',
    byState(CLIENTS),
    { subject: 'pool', labels: [...LABELS, 'state'], series: Object.keys(CLIENTS).length },
  ),
  gauge(
    'pgweir_pool_links',
    'Links of a pool: active (lent), idle, tested, dialing, canceling or closing.',
    byState(LINKS),
    { subject: 'pool', labels: [...LABELS, 'state'], series: Object.keys(LINKS).length },
  ),
  gauge(
    'pgweir_pool_pinned_links',
    'Links that clients keep beyond their transaction.',
    each(({ linksPinned }) => linksPinned),
    OF_POOL,
  ),
  gauge(
    'pgweir_pool_replica_links_in_use',
    'Active, tested and canceling links to replicas (read_write_split). pgweir_pool_links_max is not about them.',
    each(({ linksInUseOnReplicas }) => linksInUseOnReplicas),
    OF_POOL,
  ),
  gauge(
    'pgweir_pool_links_max',
    'pool_size and reserve_pool_size together. 0: no limit. Links to replicas are beyond it.',
    linksMax,
    { ...OF_POOL, fold: 'none' },
  ),
  gauge(
    'pgweir_pool_oldest_wait_seconds',
    'How long the client has waited that waits for longest.',
    each(({ waitMaxMs }) => waitMaxMs / 1000),
    { ...OF_POOL, fold: 'max' },
  ),
  counter(
    'pgweir_pool_leases_total',
    'Links lent.',
    each(({ waits }) => countOf(waits)),
    OF_POOL,
  ),
  counter(
    'pgweir_pool_wait_seconds_total',
    'For how long clients have waited for links.',
    each(({ waits }) => waits.sumUs / 1e6),
    OF_POOL,
  ),
];
