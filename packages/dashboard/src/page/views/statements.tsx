import { useState } from 'preact/hooks';
import type { Now, StatementNow } from '../../api';
import { count, duration, percent } from '../format';
import { Table, type TableColumn } from '../table';
import { Card } from './cards';

function columnsOf(allMs: number): readonly TableColumn<StatementNow>[] {
  const time = (
    name: string,
    by: (row: StatementNow) => number,
    help: string,
  ): TableColumn<StatementNow> => ({
    ...{ name, by, help, kind: 'number' },
    show: (row) => duration(by(row)),
  });
  return [
    {
      ...{ name: 'Statement', kind: 'wide', by: ({ statement }) => statement },
      show: ({ statement, database, user }) => (
        <>
          <code>{statement}</code>
          <small class="quiet">
            {database} / {user}
          </small>
        </>
      ),
    },
    {
      ...{ name: 'Share', kind: 'number', by: ({ totalMs }) => totalMs },
      help: 'Of the time of all of these',
      show: ({ totalMs }) => percent(allMs === 0 ? 0 : totalMs / allMs),
    },
    time('Total', ({ totalMs }) => totalMs, 'Time in PostgreSQL since start'),
    { name: 'Calls', kind: 'number', by: ({ calls }) => calls, show: ({ calls }) => count(calls) },
    time('Mean', ({ meanMs }) => meanMs, 'Time of one call'),
    time('p95', ({ p95Ms }) => p95Ms, 'Nineteen of twenty calls took less'),
    time('Waited', ({ waitMs }) => waitMs, 'For a link, since start'),
    { name: 'Rows', kind: 'number', by: ({ rows }) => rows, show: ({ rows }) => count(rows) },
    {
      ...{ name: 'Errors', kind: 'number', by: ({ errors }) => errors },
      show: ({ errors }) => count(errors),
    },
  ];
}

export function StatementsView({ now }: { readonly now: Now }) {
  const [filter, setFilter] = useState('');
  const { statements } = now;
  if (statements === undefined) return <Empty>Reading …</Empty>;
  if (statements.kind === 'off') return <Off />;
  const words = filter.toLowerCase().trim();
  const rows = statements.rows.filter(({ statement, database, user }) =>
    `${statement} ${database} ${user}`.toLowerCase().includes(words),
  );
  const allMs = statements.rows.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return (
    <Card
      title="Statements"
      note={
        <label class="filter">
          <span class="unseen">Show only statements with</span>
          <input
            type="search"
            placeholder="text, database or user"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
          <span>
            {count(rows.length)} of {count(statements.total)}
          </span>
        </label>
      }
    >
      <Table
        {...{ caption: 'Statements', columns: columnsOf(allMs), rows }}
        keyOf={({ database, user, fingerprint }) => `${database}\0${user}\0${fingerprint}`}
        sort={{ column: 'Total', down: true }}
        empty="No statement has run since they are counted."
      />
    </Card>
  );
}

function Off() {
  return (
    <Empty>
      Statements are not counted. With <code>statement_stats = 1</code> and a RELOAD, those that
      cost most stand here: normalised, without values.
    </Empty>
  );
}

function Empty({ children }: { readonly children: preact.ComponentChildren }) {
  return (
    <Card title="Statements">
      <p class="empty">{children}</p>
    </Card>
  );
}
