import type { Now, Part, PinCountNow, PinNow, WaiterNow } from '../../api';
import { count, duration } from '../format';
import { Table, type TableColumn } from '../table';
import { Card } from './cards';

const WAITERS: readonly TableColumn<WaiterNow>[] = [
  { name: 'Database', by: ({ database }) => database, show: ({ database }) => database },
  { name: 'User', by: ({ user }) => user, show: ({ user }) => user },
  { name: 'Client', kind: 'number', by: ({ client }) => client, show: ({ client }) => client },
  {
    ...{ name: 'Place', kind: 'number', by: ({ position }) => position },
    show: ({ position }) => count(position),
  },
  {
    ...{ name: 'Waited', kind: 'number', by: ({ waitedMs }) => waitedMs },
    show: ({ waitedMs }) => duration(waitedMs),
  },
];

function pinColumns(atMs: number): readonly TableColumn<PinNow>[] {
  return [
    { name: 'Database', by: ({ database }) => database, show: ({ database }) => database },
    { name: 'User', by: ({ user }) => user, show: ({ user }) => user },
    { name: 'Address', by: ({ address }) => address, show: ({ address }) => address },
    {
      ...{ name: 'Reasons', by: ({ reasons }) => reasons.join() },
      show: ({ reasons }) => reasons.join(', '),
    },
    {
      ...{ name: 'Began with', kind: 'wide' },
      show: ({ statement }) => <code>{statement}</code>,
    },
    {
      ...{ name: 'For', kind: 'number', by: ({ sinceMs }) => -sinceMs },
      show: ({ sinceMs }) => duration(atMs - sinceMs),
    },
  ];
}

const COUNTS: readonly TableColumn<PinCountNow>[] = [
  { name: 'Database', by: ({ database }) => database, show: ({ database }) => database },
  { name: 'Reason', by: ({ reason }) => reason, show: ({ reason }) => reason },
  {
    ...{ name: 'Since start', kind: 'number', by: (row) => row.count },
    show: (row) => count(row.count),
  },
];

export function Sessions({ now }: { readonly now: Now }) {
  const { waiters, pins, pinCounts, atMs } = now;
  return (
    <>
      <Card title="Queue" note={noteOf(waiters)}>
        <Table
          {...{ caption: 'Queue', columns: WAITERS, rows: waiters?.rows ?? [] }}
          keyOf={({ client }) => String(client)}
          sort={{ column: 'Waited', down: true }}
          empty={waiters === undefined ? 'Reading …' : 'Nobody waits for a link.'}
        />
      </Card>
      <Card title="Pinned links" note={noteOf(pins)}>
        <Table
          {...{ caption: 'Pinned links', columns: pinColumns(atMs), rows: pins?.rows ?? [] }}
          keyOf={({ client }) => String(client)}
          sort={{ column: 'For', down: true }}
          empty={
            pins === undefined
              ? 'Reading …'
              : 'No client keeps a link beyond its transaction for the state that it has there.'
          }
        />
      </Card>
      <Card title="Reasons for pins" note="since start">
        <Table
          {...{ caption: 'Reasons for pins', columns: COUNTS, rows: pinCounts }}
          keyOf={({ database, reason }) => `${database} ${reason}`}
          sort={{ column: 'Since start', down: true }}
          empty="There has been none."
        />
      </Card>
    </>
  );
}

function noteOf(part: Part<unknown> | undefined): string {
  if (part === undefined || part.total === 0) return '';
  const { rows, total } = part;
  return rows.length < total ? `${count(rows.length)} of ${count(total)}` : count(total);
}
