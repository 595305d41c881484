export interface Bar {
  /** Bars of a group stand together. */
  readonly group: string;
  /** Bars of a series have one colour. */
  readonly series: string;
  /** 0 or more. */
  readonly value: number;
}

export interface BarChart {
  readonly title: string;
  /** All of them, in order: a series has the same colour in charts where others are missing. */
  readonly series: readonly string[];
  readonly bars: readonly Bar[];
}

/** Told apart by the colour-blind too (Okabe and Ito), darkened where white is behind. */
const COLOURS = ['#8a8a8a', '#0072b2', '#d55e00', '#56b4e9', '#e69f00', '#009e73', '#cc79a7'];

const WIDTH = 860;
const LABEL_WIDTH = 130;
const VALUE_WIDTH = 70;
const BAR_HEIGHT = 14;
const GROUP_GAP = 10;
const HEAD_HEIGHT = 58;
const SIGNIFICANT_DIGITS = 3;
const LEGEND_CHARACTER = 7;
const LEGEND_GAP = 30;

/** Horizontal bars with their values, as one SVG document. */
export function barChart({ title, series, bars }: BarChart): string {
  const used = series.filter((name) => bars.some((bar) => bar.series === name));
  const colour = (name: string): string => COLOURS[series.indexOf(name) % COLOURS.length] ?? '#000';
  const longest = Math.max(...bars.map(({ value }) => value), Number.MIN_VALUE);
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const parts: string[] = [];
  let y = HEAD_HEIGHT;
  for (const group of new Set(bars.map((bar) => bar.group))) {
    parts.push(text(group, { x: LABEL_WIDTH - 8, y: y + 11, anchor: 'end' }));
    for (const name of used) {
      const bar = bars.find((it) => it.group === group && it.series === name);
      if (bar === undefined) continue;
      const width = (room * bar.value) / longest;
      parts.push(
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" ` +
          `height="${BAR_HEIGHT - 2}" fill="${colour(name)}"/>`,
        text(shortNumber(bar.value), { x: LABEL_WIDTH + width + 5, y: y + 10, anchor: 'start' }),
      );
      y += BAR_HEIGHT;
    }
    y += GROUP_GAP;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" ` +
      `width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="11" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${y}" fill="#fff"/>`,
    `<text x="8" y="22" font-size="15">${escaped(title)}</text>`,
    ...legend(used, colour),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

function legend(names: readonly string[], colour: (name: string) => string): string[] {
  let x = 8;
  return names.map((name) => {
    const mark = `<rect x="${x}" y="33" width="11" height="11" fill="${colour(name)}"/>`;
    const label = text(name, { x: x + 16, y: 43, anchor: 'start' });
    x += LEGEND_GAP + name.length * LEGEND_CHARACTER;
    return `${mark}${label}`;
  });
}

function text(
  words: string,
  at: { readonly x: number; readonly y: number; readonly anchor: 'start' | 'end' },
): string {
  return `<text x="${at.x.toFixed(1)}" y="${at.y}" text-anchor="${at.anchor}">${escaped(words)}</text>`;
}

/** Three digits that count: 7.04, 42.1, 25,300. */
export function shortNumber(value: number): string {
  return Number(value.toPrecision(SIGNIFICANT_DIGITS)).toLocaleString('en-US', {
    maximumSignificantDigits: SIGNIFICANT_DIGITS,
  });
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
