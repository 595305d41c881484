import type { Now } from '../../api';
import { alertsOf } from '../alerts';
import type { Known } from '../feed';
import { count, duration, microseconds, some } from '../format';
import { Card, Tile } from './cards';
import { PoolCharts } from './charts';
import { TimeCard } from './time';

const BUSY_POOLS = 5;

export function Overview({ known, now }: { readonly known: Known; readonly now: Now }) {
  const { all } = known;
  return (
    <>
      <Alerts now={now} />
      {all !== undefined && <TimeCard history={all} />}
      <Tiles now={now} p95Us={all?.pools.waitP95Us.at(-1)} />
      <BusyPools now={now} />
      {all !== undefined && (
        <Card title="All pools" note="last 15 minutes">
          <PoolCharts history={all} />
        </Card>
      )}
    </>
  );
}

function Alerts({ now }: { readonly now: Now }) {
  const alerts = alertsOf(now);
  if (alerts.length === 0) return null;
  return (
    <ul class="alerts" aria-label="What is not as it should be">
      {alerts.map(({ level, text }) => (
        <li key={text} class={level}>
          <b>{level === 'bad' ? 'Problem' : 'Notice'}</b> {text}
        </li>
      ))}
    </ul>
  );
}

function Tiles({ now, p95Us }: { readonly now: Now; readonly p95Us: number | null | undefined }) {
  const { pools } = now;
  const sum = (of: (pool: Now['pools'][number]) => number): number =>
    pools.reduce((total, pool) => total + of(pool), 0);
  const waiting = sum((pool) => pool.waiting);
  const oldestMs = Math.max(0, ...pools.map((pool) => pool.waitMaxMs));
  const active = sum((pool) => pool.linksActive);
  const idle = sum((pool) => pool.linksIdle);
  const pinned = sum((pool) => pool.pinned);
  return (
    <dl class="tiles">
      <Tile name="Clients" value={count(now.clients)} more={`in ${some(pools.length, 'pool')}`} />
      <Tile
        name="Links at work"
        value={count(active)}
        more={`of ${count(now.links)}, ${count(idle)} idle`}
      />
      <Tile
        name="Waiting"
        value={count(waiting)}
        more={waiting === 0 ? 'nobody waits' : `the oldest for ${duration(oldestMs)}`}
        level={oldestMs >= 1000 ? 'bad' : waiting > 0 ? 'warning' : undefined}
      />
      <Tile name="p95 wait for a link" value={microseconds(p95Us)} more="last 5 seconds" />
      <Tile name="Pinned links" value={count(pinned)} more="kept beyond a transaction" />
    </dl>
  );
}

/** Those with the longest queues. */
function BusyPools({ now }: { readonly now: Now }) {
  const busy = now.pools
    .filter(({ waiting }) => waiting > 0)
    .sort((a, b) => b.waitMaxMs - a.waitMaxMs)
    .slice(0, BUSY_POOLS);
  if (busy.length === 0) return null;
  return (
    <Card title="Where clients wait" note={<a href="#/pools">all pools</a>}>
      <ul class="busy">
        {busy.map(({ database, user, waiting, waitMaxMs, linksActive, size }) => (
          <li key={`${database}/${user}`}>
            <a href={`#/pools/${encodeURIComponent(database)}/${encodeURIComponent(user)}`}>
              {database} / {user}
            </a>
            <span>
              <b>{count(waiting)}</b> waiting, the oldest for <b>{duration(waitMaxMs)}</b>;{' '}
              {count(linksActive)} of {count(size)} links at work
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
