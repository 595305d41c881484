/** Why a session keeps its link beyond the transaction: bits. */
export const Pin = {
  TemporaryObject: 1 << 0,
  AdvisoryLock: 1 << 1,
  Cursor: 1 << 2,
  Prepare: 1 << 3,
  Load: 1 << 4,
  Seed: 1 << 5,
  Sequence: 1 << 6,
  Setting: 1 << 7,
  Listen: 1 << 8,
  Statement: 1 << 9,
  Unknown: 1 << 10,
} as const;

export const EVERY_PIN = (1 << 11) - 1;

/** The reasons as users read them. */
const WORDS: readonly (readonly [number, string])[] = [
  [Pin.TemporaryObject, 'temporary object'],
  [Pin.AdvisoryLock, 'advisory lock'],
  [Pin.Cursor, 'cursor'],
  [Pin.Prepare, 'prepare'],
  [Pin.Load, 'load'],
  [Pin.Seed, 'seed'],
  [Pin.Sequence, 'sequence'],
  [Pin.Setting, 'setting'],
  [Pin.Listen, 'listen'],
  [Pin.Statement, 'large statement'],
  [Pin.Unknown, 'inspection failed'],
];

/** Every reason that there is. */
export const PIN_REASONS: readonly string[] = WORDS.map(([, words]) => words);

export function pinReasons(pins: number): readonly string[] {
  return WORDS.filter(([bit]) => (pins & bit) !== 0).map(([, words]) => words);
}

/** What a link has kept of it can't be taken away: it is closed after its session. */
export const LASTING_PINS = Pin.Load | Pin.Seed;
