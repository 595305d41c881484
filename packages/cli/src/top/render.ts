import type { Line, Look, Size, Span } from '../terminal/line';
import { printable } from '../terminal/printable';
import { fitted, textWidth } from '../terminal/text-width';
import { numberOf, rowsOf, type Sample, TABS, textOf } from './sample';
import type { TopState } from './state';
import { tableLine } from './table';
import { type Rates, totalsOf } from './totals';
import { selectedIndex, viewOf, visibleRows } from './views/views';
import { percent, shortNumber, shortTime, uptime } from './words';

/** Head, tabs and titles above the rows; the last line below them. */
export const FRAME_ROWS = 7;

const span = (text: string, look: Look = 'plain'): Span => ({ text, look });

/** The whole page: as many lines as there are rows, none of them wider than the terminal. */
export function render(state: TopState, size: Size): readonly Line[] {
  const body = state.mode.kind === 'help' ? HELP.map((text) => [span(text)]) : table(state, size);
  const height = Math.max(0, size.rows - HEAD_ROWS - 1);
  const filled = Array.from({ length: height }, (_, at): Line => body[at] ?? [span('')]);
  return [...head(state, size), ...filled, foot(state)]
    .map((line) => cut(line, size.columns))
    .slice(0, size.rows);
}

const HEAD_ROWS = 5;

/** All of it, for who has no terminal. */
export function renderOnce(state: TopState, columns: number): readonly string[] {
  const rows = visibleRows(state).length + FRAME_ROWS;
  const lines = render(state, { columns, rows }).map(textOfLine);
  return lines.slice(0, -1).filter((line, at) => line !== '' || at < HEAD_ROWS);
}

export function textOfLine(line: Line): string {
  return line
    .map(({ text }) => text)
    .join('')
    .trimEnd();
}

function head(state: TopState, { columns }: Size): readonly Line[] {
  const { now, before, where, link } = state;
  if (now === undefined) {
    const text = link.kind === 'lost' ? lostText(link.reason) : `connecting to ${printable(where)}`;
    return [[span(text, link.kind === 'lost' ? 'alert' : 'plain')], [], [], [], []];
  }
  const totals = totalsOf(before, now);
  const { rates } = totals;
  const perSecond =
    rates === undefined
      ? ''
      : `  ${shortNumber(rates.transactions)} tx/s  ${shortNumber(rates.queries)} q/s`;
  const waiting = `${shortNumber(totals.waiting)} waiting`;
  return [
    [
      span(printable(now.version), 'bold'),
      span(`  ${printable(where)}  `),
      span(link.kind === 'up' ? stateWords(now) : lostText(link.reason), lookOf(state, now)),
      span(upFor(now)),
    ],
    [
      span(`clients ${shortNumber(totals.clients)} (`),
      span(waiting, totals.waiting > 0 ? 'alert' : 'plain'),
      span(totals.maxWaitUs > 0 ? `, the first for ${shortTime(totals.maxWaitUs)}` : ''),
      span(`)  links ${shortNumber(totals.links)} (${shortNumber(totals.busy)} busy)${perSecond}`),
    ],
    shares(rates, columns),
    [],
    tabs(state),
  ];
}

function lostText(reason: string): string {
  return `connection lost, trying again (${printable(reason)})`;
}

function lookOf({ link }: TopState, now: Sample): Look {
  return link.kind === 'lost' || !['', 'active'].includes(stateWords(now)) ? 'alert' : 'plain';
}

/** Empty where the console does not tell. */
function stateWords(now: Sample): string {
  const rows = rowsOf(now, 'STATE');
  const on = rows.filter((row) => textOf(row, 'value') === 'yes').map((row) => textOf(row, 'key'));
  return printable(on.join(', '));
}

/** Of the process that has run longest, where the console tells. */
function upFor(now: Sample): string {
  const seconds = rowsOf(now, 'WORKERS').map((row) => numberOf(row, 'uptime'));
  return seconds.length === 0 ? '' : `  up ${uptime(Math.max(...seconds))}`;
}

/** Where the time of transactions went: one bar. */
function shares(rates: Rates | undefined, columns: number): Line {
  const shown = rates?.shares;
  if (shown === undefined) return [span('time: nothing has happened since the last look', 'dim')];
  const { application, queue, server } = shown;
  const words = [
    span(`time: application ${percent(application)}`, 'application'),
    span(`  our queue ${percent(queue)}`, 'queue'),
    span(`  PostgreSQL ${percent(server)}  `, 'server'),
  ];
  const width = columns - words.reduce((sum, { text }) => sum + text.length, 0) - 2;
  if (width < 10) return words;
  const first = Math.round(application * width);
  const second = Math.round((application + queue) * width) - first;
  return [
    ...[...words, span('['), span('a'.repeat(first), 'application')],
    ...[span('q'.repeat(second), 'queue'), span('P'.repeat(width - first - second), 'server')],
    span(']'),
  ];
}

function tabs({ tab, pool, filter, mode }: TopState): Line {
  const names = TABS.flatMap((name, at) => [
    span(` ${at + 1} ${name} `, name === tab ? 'reverse' : 'plain'),
  ]);
  const of = pool === undefined ? '' : `  of ${pool.user} in ${pool.database}`;
  const only = filter === '' || mode.kind === 'filter' ? '' : `  /${filter}`;
  return [...names, span(printable(of + only), 'bold')];
}

function table(state: TopState, { columns, rows: height }: Size): readonly Line[] {
  const view = viewOf(state);
  if (state.now === undefined) return [];
  if (state.now.missing.has(view.item)) {
    return [[span(`this console has no SHOW ${view.item}`, 'dim')]];
  }
  const rows = visibleRows(state);
  const titles = tableLine(
    view.columns,
    view.columns.map(({ title }) => title),
    columns,
  );
  if (rows.length === 0) {
    const isFiltered = state.filter !== '' || state.mode.kind === 'filter';
    return [
      [span(titles, 'bold')],
      [span(isFiltered ? 'nothing has that in it' : view.none, 'dim')],
    ];
  }
  const fits = Math.max(1, height - HEAD_ROWS - 2);
  const at = selectedIndex(rows, state);
  const from = Math.max(0, Math.min(at - Math.floor(fits / 2), rows.length - fits));
  return [
    [span(titles, 'bold')],
    ...rows.slice(from, from + fits).map((row, index): Line => {
      const look = from + index === at ? 'reverse' : (row.look ?? 'plain');
      return [span(tableLine(view.columns, row.cells, columns), look)];
    }),
  ];
}

const KEYS = 'w c l t sort  / filter  p pause  r resume  k kill  ? help  q quit';

function foot({ mode, message, pending }: TopState): Line {
  switch (mode.kind) {
    case 'filter':
      return [span(`/${printable(mode.text)}_`), span('   enter: keep  escape: as before', 'dim')];
    case 'confirm':
      return [span(printable(`${mode.order.says}? y/N`), 'alert')];
    case 'help':
      return [span('any key: back', 'dim')];
    case 'browse': {
      const waits = pending.map((one) => `${one} is under way`);
      const said = [message, ...waits].filter((text) => text !== '').join('  ');
      return said === '' ? [span(KEYS, 'dim')] : [span(printable(said), 'bold')];
    }
  }
}

const HELP = [
  '1 to 6, tab, arrows left and right    another page',
  'arrows up and down, page, home, end   another row',
  'enter        on a pool: its clients; escape leaves them, and the filter',
  'w c l t      pools by how many wait, clients, links, how long the first has waited',
  '/            only rows that have a text in them',
  'p  r         PAUSE and RESUME of the database that is selected, when you say y',
  'k            kills the client that is selected, when you say y; on a pool: its clients',
  'ctrl-l       draws the page again; ctrl-z stops; q, ctrl-c ends',
  '',
  'time: where transactions spent theirs since the last look: in the application (between',
  'statements), in our queue (waiting for a link), in PostgreSQL (running statements).',
];

/** No wider than the terminal. */
function cut(line: Line, columns: number): Line {
  const spans: Span[] = [];
  let left = columns;
  for (const { text, look } of line) {
    if (left <= 0) break;
    const width = textWidth(text);
    spans.push(width <= left ? { text, look } : span(fitted(text, left), look));
    left -= width;
  }
  return spans;
}
