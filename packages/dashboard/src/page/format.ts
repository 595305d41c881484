/** How numbers are written on the page: short, and always with their unit. */

const NONE = '–';
const THOUSAND = 1000;

/** 950, 1.2 k, 35 k, 1.2 M. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  if (size < THOUSAND) return String(Math.round(value));
  const [divisor, letter] = size < 999_500 ? [THOUSAND, 'k'] : [THOUSAND ** 2, 'M'];
  return `${short(value / divisor)} ${letter}`;
}

/** A number of sessions on average, of which less than one is much to know. */
export function average(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  if (value === 0) return '0';
  if (value < 0.01) return '< 0.01';
  return value < 10 ? String(Number(value.toPrecision(2))) : count(value);
}

const STEPS: readonly (readonly [untilMs: number, unitMs: number, unit: string])[] = [
  [0.9995, 0.001, 'µs'],
  [999.5, 1, 'ms'],
  [59_500, 1000, 's'],
  [3_570_000, 60_000, 'min'],
  [86_400_000, 3_600_000, 'h'],
  [Number.POSITIVE_INFINITY, 86_400_000, 'd'],
];

/** 850 µs, 12 ms, 1.5 s, 3 min, 2.5 h, 12 d. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return NONE;
  if (ms <= 0) return '0';
  const [, unitMs, unit] = STEPS.find(([untilMs]) => ms < untilMs) ?? [0, 1, 'ms'];
  return `${short(ms / unitMs)} ${unit}`;
}

export const microseconds = (us: number | null | undefined): string =>
  duration(us === null || us === undefined ? us : us / THOUSAND);

/** 512 B, 1.5 kB, 16 MB. */
export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let rest = value;
  let at = 0;
  while (rest >= 999.5 && at < units.length - 1) {
    rest /= THOUSAND;
    at++;
  }
  return `${short(rest)} ${units[at]}`;
}

/** 42 %; a little of something is not nothing, and nearly all is not all. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share < 1 && share > 0.99) return '> 99 %';
  return `${Math.round(share * 100)} %`;
}

function short(value: number): string {
  return value < 10 ? String(Number(value.toFixed(1))) : String(Math.round(value));
}

export function clock(atMs: number): string {
  return new Date(atMs).toLocaleTimeString([], { hour12: false });
}

export function moment(atMs: number): string {
  const at = new Date(atMs);
  const date = at.toLocaleDateString([], { month: 'short', day: 'numeric' });
  return `${date}, ${clock(atMs)}`;
}

export function some(items: number, one: string, many = `${one}s`): string {
  return `${count(items)} ${items === 1 ? one : many}`;
}
