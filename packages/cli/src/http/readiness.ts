import type { Holds } from '@pgweir/pooler';

/** What decides whether new clients should be sent here. Plain data. */
export interface Standing {
  readonly phase: 'starting' | 'serving' | 'draining';
  readonly holds: Holds;
  /** Some process carries traffic. */
  readonly isCarried: boolean;
}

/** Why new clients had better go elsewhere; undefined: they are welcome. */
export function notReady({ phase, holds, isCarried }: Standing): string | undefined {
  if (phase !== 'serving') return phase;
  if (holds.suspended) return 'suspended';
  if (holds.paused) return 'paused';
  return isCarried ? undefined : 'no worker is up';
}
