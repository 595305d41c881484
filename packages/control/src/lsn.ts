import type { Lsn } from './observation';

const PATTERN = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;

/** Reads PostgreSQL's notation, `16/B374D848`. @returns undefined when it is none */
export function parseLsn(text: string): Lsn | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}
