import type { Now, OrderNow, SecretNow, WorkerNow } from '../../api';
import { clock, count, duration } from '../format';
import { type Desk, OrderButton } from '../orders';
import { Table, type TableColumn } from '../table';
import { Badge, Card } from './cards';

function workerColumns(atMs: number): readonly TableColumn<WorkerNow>[] {
  const number = (name: string, by: (row: WorkerNow) => number): TableColumn<WorkerNow> => ({
    ...{ name, by, kind: 'number' },
    show: (row) => count(by(row)),
  });
  return [
    number('Place', ({ slot }) => slot),
    {
      ...{ name: 'State', by: ({ state }) => state },
      show: ({ state }) => <Badge tone={state === 'serving' ? 'good' : 'warning'}>{state}</Badge>,
    },
    { ...number('Process', ({ pid }) => pid), show: ({ pid }) => pid },
    number('Clients', ({ clients }) => clients),
    number('Links', ({ links }) => links),
    {
      ...number('Up for', ({ startedAtMs }) => -startedAtMs),
      show: ({ startedAtMs }) => duration(atMs - startedAtMs),
    },
    number('Restarts', ({ restarts }) => restarts),
  ];
}

const SECRETS: readonly TableColumn<SecretNow>[] = [
  {
    ...{ name: 'Secret', by: ({ place }) => place, kind: 'wide' },
    show: ({ place }) => <code>{place}</code>,
  },
  {
    ...{ name: 'State', by: ({ fault }) => fault ?? '' },
    show: ({ fault, version }) =>
      fault !== undefined ? (
        <Badge tone="bad">{fault}</Badge>
      ) : (
        <Badge tone={version === undefined ? 'warning' : 'good'}>
          {version === undefined ? 'not read yet' : 'read'}
        </Badge>
      ),
  },
  {
    ...{ name: 'Used by', by: ({ databases, users }) => [...databases, ...users].join(', ') },
    show: ({ databases, users }) => [...databases, ...users].join(', '),
  },
  {
    ...{ name: 'Version', by: ({ version }) => version ?? '' },
    show: ({ version, isPending }) =>
      `${version ?? '–'}${isPending ? ', another one is coming' : ''}`,
  },
  {
    ...{ name: 'Version age', kind: 'number', by: ({ versionAgeMs }) => versionAgeMs ?? -1 },
    show: ({ versionAgeMs }) => duration(versionAgeMs),
  },
  {
    ...{ name: 'Read', kind: 'number', by: ({ readAgeMs }) => readAgeMs ?? -1 },
    show: ({ readAgeMs }) => (readAgeMs === undefined ? '–' : `${duration(readAgeMs)} ago`),
  },
];

const ORDERS: readonly TableColumn<OrderNow>[] = [
  { name: 'Given', by: ({ givenAtMs }) => givenAtMs, show: ({ givenAtMs }) => clock(givenAtMs) },
  { name: 'Order', by: ({ text }) => text, show: ({ text }) => <code>{text}</code> },
  {
    ...{ name: 'State', by: ({ state }) => state },
    show: ({ state, problem }) => (
      <>
        <Badge tone={state === 'done' ? 'good' : state === 'refused' ? 'bad' : 'warning'}>
          {state}
        </Badge>{' '}
        {problem}
      </>
    ),
  },
];

export function System({ now, desk }: { readonly now: Now; readonly desk: Desk }) {
  const { workers, secrets, orders, atMs, version, startedAtMs } = now;
  return (
    <>
      <Card title="Workers" note={`pgweir ${version}, up for ${duration(atMs - startedAtMs)}`}>
        <Table
          {...{ caption: 'Workers', columns: workerColumns(atMs), rows: workers }}
          keyOf={({ slot, number }) => `${slot} ${number}`}
          empty="No process answers."
        />
      </Card>
      <Card title="Secrets">
        <Table
          {...{ caption: 'Secrets', columns: SECRETS, rows: secrets }}
          keyOf={({ place }) => place}
          empty="The configuration names no secret store: passwords come from auth_file and the like."
        />
      </Card>
      <Card
        title="Orders from this page"
        note={<OrderButton order={{ kind: 'reload' }} desk={desk} />}
      >
        <Table
          {...{ caption: 'Orders from this page', columns: ORDERS, rows: orders }}
          keyOf={({ id }) => String(id)}
          empty="Nobody has given one since this daemon has been started."
        />
      </Card>
    </>
  );
}
