/** What a cluster says comes over the network: nothing of it is taken for what it should be. */

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/i;
const HOST = /^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/i;
/** More than a cluster can have. */
const MEMBERS_MAX = 64;

export type Fields = Readonly<Record<string, unknown>>;

/** The object that a text is as JSON, and its list of members; undefined: it is none. */
export function readFields(
  text: string,
): { readonly fields: Fields; readonly members: readonly Fields[] } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isFields(value) || !Array.isArray(value.members)) return undefined;
  return { fields: value, members: value.members.slice(0, MEMBERS_MAX).filter(isFields) };
}

/** Of an instance, or its resource id. */
export function nameOf(value: unknown): string | undefined {
  return typeof value === 'string' && NAME.test(value) ? value : undefined;
}

export function hostOf(value: unknown): string | undefined {
  return typeof value === 'string' && HOST.test(value) ? value : undefined;
}

export function portOf(value: unknown): number | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return undefined;
  return value > 0 && value < 65_536 ? value : undefined;
}

/** Milliseconds; the clocks of two instances may differ by a little. */
export function millisecondsOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? Math.max(0, value) : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
