import { useEffect, useState } from 'preact/hooks';
import type { SettingRow } from '../../api';
import { count } from '../format';
import { askSettings } from '../requests';
import { Table, type TableColumn } from '../table';
import { Badge, Card } from './cards';

const EVERY_MS = 10_000;

const COLUMNS: readonly TableColumn<SettingRow>[] = [
  {
    ...{ name: 'Setting', by: ({ name }) => name },
    show: ({ name, differs, reloadable }) => (
      <>
        <code class={differs ? 'differs' : undefined}>{name}</code>
        {differs && <Badge tone="plain">changed</Badge>}
        {!reloadable && <small class="quiet">needs a restart</small>}
      </>
    ),
  },
  {
    ...{ name: 'Value', by: ({ value }) => value ?? '' },
    show: ({ value }) => <Text text={value} />,
  },
  { name: 'Default', show: (row) => <Text text={row.default} /> },
  { name: 'Meaning', kind: 'wide', show: ({ help }) => <span class="quiet">{help}</span> },
];

function Text({ text }: { readonly text: string | null }) {
  if (text === null || text === '') return <span class="quiet">not set</span>;
  return <code class="value">{text}</code>;
}

export function Settings() {
  const [rows, setRows] = useState<readonly SettingRow[] | undefined>(undefined);
  const [problem, setProblem] = useState('');
  const [filter, setFilter] = useState('');
  const [onlyChanged, setOnlyChanged] = useState(true);
  useEffect(() => {
    let timer: number | undefined;
    let isOver = false;
    const read = async (): Promise<void> => {
      try {
        setRows(await askSettings());
        setProblem('');
      } catch (error) {
        setProblem(error instanceof Error ? error.message : String(error));
      }
      if (!isOver) timer = window.setTimeout(() => void read(), EVERY_MS);
    };
    void read();
    return () => {
      isOver = true;
      window.clearTimeout(timer);
    };
  }, []);
  const words = filter.toLowerCase().trim();
  const shown = (rows ?? []).filter(
    ({ name, value, differs }) =>
      (differs || !onlyChanged) && `${name} ${value ?? ''}`.toLowerCase().includes(words),
  );
  return (
    <Card
      title="Settings"
      note={
        <div class="filter">
          <label class="check">
            <input
              type="checkbox"
              checked={onlyChanged}
              onInput={({ currentTarget }) => setOnlyChanged(currentTarget.checked)}
            />
            only changed ones
          </label>
          <label>
            <span class="unseen">Show only settings with</span>
            <input
              type="search"
              placeholder="name or value"
              value={filter}
              onInput={({ currentTarget }) => setFilter(currentTarget.value)}
            />
          </label>
          <span>
            {count(shown.length)} of {count(rows?.length)}
          </span>
        </div>
      }
    >
      {problem !== '' && <p class="problem">{problem}</p>}
      <Table
        {...{ caption: 'Settings', columns: COLUMNS, rows: shown }}
        keyOf={({ name }) => name}
        empty={rows === undefined ? 'Reading …' : 'No setting is like that.'}
      />
    </Card>
  );
}
