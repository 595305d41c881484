import { barChart, shortNumber } from '../../src/report/bar-chart';
import { chartsOf } from '../../src/report/charts';
import { makeReport } from '../../src/report/report';
import { ABOUT, cell, idleCell, result } from './sample';

const series = ['a', 'b', 'c'];
const bars = [
  { group: 'one', series: 'a', value: 10 },
  { group: 'one', series: 'c', value: 5 },
  { group: 'two', series: 'c', value: 0 },
];

function widthsOf(svg: string): number[] {
  const found = svg.matchAll(/<rect x="130" [^>]*width="([\d.]+)"/g);
  return [...found].map(([, width]) => Number(width));
}

test('bars are as long as their values, and the longest takes the room', () => {
  const [longest = 0, half, none] = widthsOf(barChart({ title: 'T', series, bars }));
  expect(longest).toBeGreaterThan(500);
  expect(half).toBeCloseTo(longest / 2);
  expect(none).toBe(0);
});

test('a series keeps its colour when another one is missing', () => {
  const colourOf = (svg: string, width: string): string | undefined =>
    new RegExp(`<rect x="130" [^>]*width="${width}"[^>]*fill="([^"]+)"`).exec(svg)?.[1];
  const full = barChart({ title: 'T', series, bars: [{ group: 'g', series: 'c', value: 1 }] });
  const withA = barChart({ title: 'T', series, bars });
  expect(colourOf(full, '660.0')).toBe(colourOf(withA, '330.0'));
});

test('text cannot break out of its element', () => {
  const bar = { group: '<b>&', series: 'a', value: 1 };
  const svg = barChart({ title: 'x < y & z', series, bars: [bar] });
  expect(svg).toContain('x &lt; y &amp; z');
  expect(svg).toContain('>&lt;b&gt;&amp;<');
});

test.each([
  [7.041, '7.04'],
  [42.13, '42.1'],
  [25_312, '25,300'],
  [0, '0'],
])('%f is written as %s', (value, text) => {
  expect(shortNumber(value)).toBe(text);
});

test('there is a chart for every figure that was measured, and for no other', () => {
  const keysOf = (parts: Parameters<typeof result>[0]): string[] =>
    chartsOf(makeReport(result(parts), ABOUT)).map(({ key }) => key);
  expect(keysOf({})).toEqual([]);
  expect(keysOf({ cells: [cell('simple c32', 'direct', [{}])] })).toEqual(['throughput']);
  const cells = [
    cell('simple c32', 'pgbouncer', [{ cpuUs: 5 }]),
    cell('copy in', 'pgbouncer', [{ cpuUs: 5 }]),
    cell('burst c1000', 'pgbouncer', [{ cpuUs: 5 }]),
    cell('queue c1000', 'pgbouncer', [{ cpuUs: 5 }]),
  ];
  const all = ['cpu', 'throughput', 'bulk', 'connections', 'waiting', 'idle'];
  expect(keysOf({ cells, idle: [idleCell('pgbouncer', 1000, 1)] })).toEqual(all);
});
