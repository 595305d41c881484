import type { History } from '../../api';
import { Chart } from '../chart';
import { count, microseconds } from '../format';

/** Clients, links, queue and p95 of the wait: of all pools, or of one. */
export function PoolCharts({ history }: { readonly history: History }) {
  const { atMs, pools } = history;
  const links = [
    { label: 'at work', colour: 'postgres', values: pools.linksActive },
    { label: 'idle', colour: 'calm', values: pools.linksIdle },
    { label: 'dialed, cleaned, closed', colour: 'violet', values: pools.linksOther },
  ];
  const waiting = [{ label: 'waiting', colour: 'queue', values: pools.waiting }];
  const clients = [{ label: 'clients', colour: 'teal', values: pools.clients }];
  const p95 = [{ label: 'p95', colour: 'queue', values: pools.waitP95Us }];
  const shared = { atMs, write: count };
  return (
    <div class="charts">
      <Chart title="Clients" {...shared} lines={clients} />
      <Chart title="Links by state" {...shared} lines={links} stacked />
      <Chart title="Queue: waiting clients" {...shared} lines={waiting} />
      <Chart title="Wait for a link" atMs={atMs} write={microseconds} lines={p95} />
    </div>
  );
}
