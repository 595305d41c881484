import type { DaemonSnapshot, DatabaseStatsView } from '@pgweir/pooler';
import { VERSION } from '../../version';
import { type Column, tableMessages, type Value } from '../table';

interface ShowItem {
  readonly columns: readonly Column[];
  rows(snapshot: DaemonSnapshot): readonly (readonly Value[])[];
}

const seconds = (ms: number): number => Math.floor(ms / 1000);
const microseconds = (ms: number): number => Math.floor((ms % 1000) * 1000);

const timestamp = (ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Columns, order and types as PgBouncer's; what it does not have comes last. */
const ITEMS: Readonly<Record<string, ShowItem>> = {
  version: {
    columns: [['version', 'text']],
    rows: () => [[`pgweir ${VERSION}`]],
  },
  state: {
    columns: [
      ['key', 'text'],
      ['value', 'text'],
    ],
    rows: ({ state }) => [
      ['active', state === 'serving' ? 'yes' : 'no'],
      ['paused', 'no'],
      ['suspended', 'no'],
    ],
  },
  pools: {
    columns: [
      ['database', 'text'],
      ['user', 'text'],
      ['cl_active', 'int4'],
      ['cl_waiting', 'int4'],
      ['cl_active_cancel_req', 'int4'],
      ['cl_waiting_cancel_req', 'int4'],
      ['sv_active', 'int4'],
      ['sv_active_cancel', 'int4'],
      ['sv_being_canceled', 'int4'],
      ['sv_idle', 'int4'],
      ['sv_used', 'int4'],
      ['sv_tested', 'int4'],
      ['sv_login', 'int4'],
      ['maxwait', 'int4'],
      ['maxwait_us', 'int4'],
      ['pool_mode', 'text'],
      ['load_balance_hosts', 'text'],
      ['sv_pinned', 'int4'],
    ],
    rows: ({ pools }) =>
      pools.map((pool) => [
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
        0,
        pool.linksTested,
        pool.linksDialing,
        seconds(pool.waitMaxMs),
        microseconds(pool.waitMaxMs),
        pool.poolMode,
        null,
        pool.linksPinned,
      ]),
  },
  pins: {
    columns: [
      ['database', 'text'],
      ['user', 'text'],
      ['client', 'int8'],
      ['addr', 'text'],
      ['port', 'int4'],
      ['link', 'int8'],
      ['reason', 'text'],
      ['statement', 'text'],
      ['since', 'text'],
      ['seconds', 'int8'],
    ],
    rows: ({ pins }) =>
      pins.map((pin) => [
        pin.database,
        pin.user,
        pin.client,
        pin.address,
        pin.port,
        pin.link,
        pin.reasons.join(', '),
        pin.statement,
        timestamp(pin.sinceMs),
        seconds(Math.max(0, Date.now() - pin.sinceMs)),
      ]),
  },
  pin_counts: {
    columns: [
      ['database', 'text'],
      ['reason', 'text'],
      ['count', 'numeric'],
    ],
    rows: ({ pinCounts }) =>
      [...pinCounts]
        .sort((a, b) => order(a.database, b.database) || order(a.reason, b.reason))
        .map(({ database, reason, count }) => [database, reason, count]),
  },
  workers: {
    columns: [
      ['slot', 'int4'],
      ['worker', 'int4'],
      ['pid', 'int4'],
      ['state', 'text'],
      ['clients', 'int4'],
      ['links', 'int4'],
      ['uptime', 'int8'],
      ['restarts', 'int4'],
    ],
    rows: ({ workers }) =>
      workers.map((worker) => [
        worker.slot,
        worker.number,
        worker.pid,
        worker.state,
        worker.clients,
        worker.links,
        seconds(Math.max(0, Date.now() - worker.startedAtMs)),
        worker.restarts,
      ]),
  },
  stats_totals: {
    columns: [
      ['database', 'text'],
      ['server_assignment_count', 'numeric'],
      ['xact_count', 'numeric'],
      ['query_count', 'numeric'],
      ['bytes_received', 'numeric'],
      ['bytes_sent', 'numeric'],
      ['xact_time', 'numeric'],
      ['query_time', 'numeric'],
      ['wait_time', 'numeric'],
      ['client_login_count', 'numeric'],
    ],
    rows: ({ stats }) => stats.map(totals),
  },
};

function totals(of: DatabaseStatsView): readonly Value[] {
  return [
    of.database,
    of.leases,
    of.transactions,
    of.queries,
    of.receivedBytes,
    of.sentBytes,
    Math.round(of.transactionUs),
    Math.round(of.queryUs),
    Math.round(of.waitUs),
    of.logins,
  ];
}

export const SHOW_ITEMS = Object.keys(ITEMS);

/** The answer to `SHOW item`, or undefined when there is no such item. */
export function show(item: string, snapshot: DaemonSnapshot): Buffer | undefined {
  const found = Object.hasOwn(ITEMS, item) ? ITEMS[item] : undefined;
  return found === undefined ? undefined : tableMessages(found.columns, found.rows(snapshot));
}
