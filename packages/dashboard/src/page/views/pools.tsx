import { createContext, type JSX } from 'preact';
import { useContext, useState } from 'preact/hooks';
import type { Now, PoolNow } from '../../api';
import type { Known } from '../feed';
import { count, duration } from '../format';
import { type Desk, OrderButton } from '../orders';
import type { PoolName } from '../requests';
import { poolKey, type SparkBook } from '../samples';
import { Spark } from '../spark';
import { Table, type TableColumn } from '../table';
import { Badge, Card } from './cards';
import { PoolCharts } from './charts';
import { TimeCard } from './time';

interface PoolsProps {
  readonly known: Known;
  readonly now: Now;
  readonly pool: PoolName | undefined;
  readonly desk: Desk;
}

export function Pools({ known, now, pool, desk }: PoolsProps) {
  const [filter, setFilter] = useState('');
  const words = filter.toLowerCase().trim();
  const rows = now.pools.filter(({ database, user }) =>
    `${database} / ${user}`.toLowerCase().includes(words),
  );
  const leftOut = now.poolsLeftOut === 0 ? '' : `, ${count(now.poolsLeftOut)} more not shown`;
  return (
    <>
      {pool !== undefined && <PoolDetail {...{ known, now, pool, desk }} />}
      <Card title="All databases" note={<AllOrders now={now} desk={desk} />} />
      <Card
        title="Pools"
        note={
          <label class="filter">
            <span class="unseen">Show only pools with</span>
            <input
              type="search"
              placeholder="database or user"
              value={filter}
              onInput={({ currentTarget }) => setFilter(currentTarget.value)}
            />
            <span>
              {count(rows.length)} of {count(now.pools.length)}
              {leftOut}
            </span>
          </label>
        }
      >
        <Sparks.Provider value={known.sparks}>
          <Table
            {...{ caption: 'Pools', columns: COLUMNS, rows, keyOf: poolKey }}
            sort={{ column: 'Waiting', down: true }}
            empty={
              now.pools.length === 0
                ? 'No pools yet: the first client of a database makes one.'
                : 'No pool has that in its name.'
            }
            isMarked={(row) => pool !== undefined && poolKey(row) === poolKey(pool)}
          />
        </Sparks.Provider>
      </Card>
    </>
  );
}

function AllOrders({
  now,
  desk,
}: {
  readonly now: Now;
  readonly desk: Desk;
}): JSX.Element | string {
  if (desk.session?.orders !== 'open') {
    return desk.session?.orders === 'locked'
      ? 'Sign in to pause, resume or reconnect.'
      : 'Nobody can give orders here: there is no dashboard_password.';
  }
  const isPaused = now.holds.paused;
  return (
    <div class="orders">
      <OrderButton order={{ kind: isPaused ? 'resume' : 'pause' }} desk={desk} />
      <OrderButton order={{ kind: 'reconnect' }} desk={desk} />
      <OrderButton order={{ kind: 'reload' }} desk={desk} />
    </div>
  );
}

const waited = ({ waiting, waitMaxMs }: PoolNow): string =>
  waiting === 0 ? '–' : duration(waitMaxMs);

/** Samples come at other times than the numbers of the rows. */
const Sparks = createContext<SparkBook | undefined>(undefined);

function SparkOf({ pool }: { readonly pool: PoolNow }) {
  const spark = useContext(Sparks)?.byPool.get(poolKey(pool));
  if (spark === undefined) return <span class="quiet">–</span>;
  const { linksActive: active, waiting } = spark;
  return <Spark {...{ active, waiting }} size={pool.size} />;
}

const COLUMNS: readonly TableColumn<PoolNow>[] = [
  {
    name: 'Pool',
    by: ({ database, user }) => `${database} / ${user}`,
    show: ({ database, user }) => (
      <a
        class="pool-name"
        href={`#/pools/${encodeURIComponent(database)}/${encodeURIComponent(user)}`}
      >
        {database} <span>/ {user}</span>
      </a>
    ),
  },
  {
    ...number('Waiting', ({ waiting }) => waiting),
    show: ({ waiting }) => (waiting === 0 ? '0' : <b class="waiting">{count(waiting)}</b>),
  },
  {
    ...number('Oldest wait', ({ waitMaxMs }) => waitMaxMs),
    show: (pool) => waited(pool),
  },
  {
    ...number('At work', ({ linksActive }) => linksActive),
    help: 'Links that a client has now, of those that the pool may have',
    show: ({ linksActive, size }) => (
      <>
        {count(linksActive)}
        <span class="quiet"> / {size === 0 ? '–' : count(size)}</span>
      </>
    ),
  },
  {
    name: 'Last 5 minutes',
    help: 'Links at work (filled) and waiting clients (line)',
    show: (pool) => <SparkOf {...{ pool }} />,
  },
  number('Clients', ({ clients }) => clients),
  number('Idle', ({ linksIdle }) => linksIdle),
  number('Other', ({ linksOther }) => linksOther, 'Links being dialed, cleaned or closed'),
  number('Pinned', ({ pinned }) => pinned, 'Links kept beyond a transaction'),
  { name: 'Mode', by: ({ mode }) => mode, show: ({ mode }) => mode },
];

function number(name: string, by: (pool: PoolNow) => number, help?: string): TableColumn<PoolNow> {
  const column = { name, by, kind: 'number', show: (pool: PoolNow) => count(by(pool)) } as const;
  return help === undefined ? column : { ...column, help };
}

function PoolDetail({ known, now, pool, desk }: PoolsProps & { readonly pool: PoolName }) {
  const { database, user } = pool;
  const { pausedDatabases, disabledDatabases } = now.holds;
  const isPaused = pausedDatabases.includes(database);
  const isDisabled = disabledDatabases.includes(database);
  const seen = now.pools.find((row) => poolKey(row) === poolKey(pool));
  const history = known.pool;
  return (
    <>
      <Card
        title={`${database} / ${user}`}
        note={
          <>
            {isPaused && <Badge tone="bad">paused</Badge>}
            {isDisabled && <Badge tone="warning">disabled</Badge>}
            <a href="#/pools">close</a>
          </>
        }
      >
        {seen === undefined && <p class="empty">There is no such pool now.</p>}
        <div class="orders">
          <OrderButton order={{ kind: isPaused ? 'resume' : 'pause', database }} desk={desk} />
          <OrderButton order={{ kind: isDisabled ? 'enable' : 'disable', database }} desk={desk} />
          <OrderButton order={{ kind: 'reconnect', database }} desk={desk} />
        </div>
        {history === undefined ? <p class="empty">Reading …</p> : <PoolCharts history={history} />}
      </Card>
      {history !== undefined && <TimeCard history={history} />}
    </>
  );
}
