import type { Level } from './format';

/** What syslog(3) and the journal call the levels. */
export const PRIORITIES: Readonly<Record<Level, number>> = { error: 3, warn: 4, info: 6, debug: 7 };
