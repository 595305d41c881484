import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock } from './format';
import { THEME_CHANGED } from './theme';

export interface ChartLine {
  readonly label: string;
  /** The name of a colour of the style sheet. */
  readonly colour: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  readonly atMs: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly write: (value: number | null | undefined) => string;
  /** Lines stand on each other, the first at the bottom. */
  readonly stacked?: boolean;
  readonly height?: number;
}

/** At first there is less to see than a quarter of an hour. */
const WINDOW_SECONDS_MIN = 2 * 60;
const WINDOW_SECONDS_MAX = 15 * 60;
const MARKS_SECONDS = [60, 120, 300, 600];
const HEIGHT = 150;
const AXIS_WIDTH = 58;

/** Lines over the last quarter of an hour, with a legend that tells the values in words. */
export function Chart({ title, atMs, lines, write, stacked = false, height = HEIGHT }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [at, setAt] = useState<number | undefined>(undefined);
  const data = useMemo(() => plotted(atMs, lines, stacked), [atMs, lines, stacked]);
  const latest = useRef({ data, write });
  latest.current = { data, write };
  const shape = lines.map(({ label, colour }) => `${label} ${colour}`).join();

  useEffect(() => {
    const box = place.current;
    if (box === null) return;
    const draw = (): void => {
      plot.current?.destroy();
      const options = optionsFor({ box, lines, stacked, height, setAt, latest });
      plot.current = new uPlot(options, latest.current.data, box);
    };
    draw();
    const sizes = new ResizeObserver(() => {
      plot.current?.setSize({ width: box.clientWidth, height });
    });
    sizes.observe(box);
    const scheme = window.matchMedia('(prefers-color-scheme: dark)');
    window.addEventListener(THEME_CHANGED, draw);
    scheme.addEventListener('change', draw);
    return () => {
      sizes.disconnect();
      window.removeEventListener(THEME_CHANGED, draw);
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [shape, stacked, height]);

  useEffect(() => plot.current?.setData(data), [data]);

  const shown = at ?? atMs.length - 1;
  const values = lines.map((line) => ({ ...line, text: write(line.values[shown]) }));
  const summary = values.map(({ label, text }) => `${label} ${text}`).join(', ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-when">{at === undefined ? '' : clock(atMs[at] ?? 0)}</span>
      </figcaption>
      <div
        ref={place}
        class="plot"
        style={{ height: `${height}px` }}
        role="img"
        aria-label={`${title}, last 15 minutes. Now: ${summary}`}
      />
      <ul class="legend">
        {values.map(({ label, colour, text }) => (
          <li key={label}>
            <i class="swatch" style={{ background: `var(--${colour})` }} />
            {label} <b>{text}</b>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function plotted(
  atMs: readonly number[],
  lines: readonly ChartLine[],
  stacked: boolean,
): uPlot.AlignedData {
  const seconds = atMs.map((ms) => ms / 1000);
  let below: readonly (number | null)[] = [];
  const columns = lines.map(({ values }) => {
    const before = below;
    const column = values.map((value, at) => {
      return value === null || !stacked ? value : value + (before[at] ?? 0);
    });
    below = column;
    return column;
  });
  // What stands on others is drawn before them, so that each shows its own part.
  return [seconds, ...(stacked ? columns.reverse() : columns)];
}

interface Drawing {
  readonly box: HTMLElement;
  readonly lines: readonly ChartLine[];
  readonly stacked: boolean;
  readonly height: number;
  readonly setAt: (at: number | undefined) => void;
  readonly latest: { readonly current: { readonly write: ChartProps['write'] } };
}

function optionsFor({ box, lines, stacked, height, setAt, latest }: Drawing): uPlot.Options {
  const [text, grid] = [colourOf(box, 'muted'), colourOf(box, 'grid')];
  const axis = { stroke: text, font: '11px system-ui, sans-serif', ticks: { show: false } };
  const series = lines.map(({ label, colour }) => ({
    label,
    stroke: colourOf(box, colour),
    width: 1.5,
    points: { show: false },
    ...(stacked ? { fill: colourOf(box, colour) } : {}),
  }));
  return {
    ...{ width: Math.max(1, box.clientWidth), height, legend: { show: false } },
    padding: [8, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { show: !stacked } },
    scales: {
      x: { time: true, range: (_, min, max) => [max - windowSeconds(max - min), max] },
      y: { range: (_, _min, max) => [0, Math.max(1, (max ?? 1) * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 60,
        incrs: MARKS_SECONDS,
        values: '{HH}:{mm}',
      },
      {
        ...axis,
        ...{ size: AXIS_WIDTH, space: 34, grid: { stroke: grid, width: 1 } },
        values: (_, marks) => marks.map((mark) => latest.current.write(mark)),
      },
    ],
    series: [{}, ...(stacked ? series.reverse() : series)],
    hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? undefined)] },
  };
}

function windowSeconds(known: number): number {
  return Math.min(WINDOW_SECONDS_MAX, Math.max(WINDOW_SECONDS_MIN, known));
}

/** What a colour of the style sheet is now: a canvas does not know their names. */
function colourOf(box: HTMLElement, name: string): string {
  const probe = document.createElement('i');
  probe.style.color = `var(--${name})`;
  box.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
