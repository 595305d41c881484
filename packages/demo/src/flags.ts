import { InvalidArgumentError } from 'commander';

/** For commander: @throws InvalidArgumentError unless the text is a whole number from 1 on */
export function positiveInteger(text: string): number {
  return integer(text, { from: 1, to: Number.MAX_SAFE_INTEGER });
}

/** For commander: zero is allowed. */
export function count(text: string): number {
  return integer(text, { from: 0, to: Number.MAX_SAFE_INTEGER });
}

/** For commander: a TCP port. */
export function port(text: string): number {
  return integer(text, { from: 1, to: 65_535 });
}

function integer(text: string, { from, to }: { from: number; to: number }): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  const range = to === Number.MAX_SAFE_INTEGER ? `from ${from} on` : `from ${from} to ${to}`;
  throw new InvalidArgumentError(`It must be a whole number ${range}.`);
}
