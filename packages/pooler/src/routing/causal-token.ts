import type { WalPosition } from '../ports/position-source';

/** What a session has seen, for another session, maybe of another pgweir. */
export interface CausalToken {
  /** Of the cluster, decimal. */
  readonly systemIdentifier: string;
  readonly timeline: number;
  readonly position: WalPosition;
}

const PATTERN = /^([1-9]\d{0,19})\/([1-9]\d{0,9})\/([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i;
const TIMELINE_MAX = 0xffffffff;
const HALF = 2 ** 32;

/** As `SET pgweir.wait_lsn` has it. @returns undefined when it is no token (22023) */
export function parseCausalToken(text: string): CausalToken | undefined {
  const match = PATTERN.exec(text);
  if (match === null) return undefined;
  const [, systemIdentifier = '', timelineText = '', high = '', low = ''] = match;
  const timeline = Number(timelineText);
  const position = Number.parseInt(high, 16) * HALF + Number.parseInt(low, 16);
  if (timeline > TIMELINE_MAX || !Number.isSafeInteger(position)) return undefined;
  return { systemIdentifier, timeline, position };
}

/** As `SHOW pgweir.lsn` has it: `7301234567890123456/1/16/B374D848`. */
export function causalTokenText({ systemIdentifier, timeline, position }: CausalToken): string {
  const high = Math.floor(position / HALF);
  return `${systemIdentifier}/${timeline}/${hex(high)}/${hex(position % HALF)}`;
}

function hex(half: number): string {
  return half.toString(16).toUpperCase();
}
