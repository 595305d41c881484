import { unreachable } from '../invariant';
import type { Health } from './health';

/** A server's health, and what an operator has ordered over it. */
export interface Standing {
  readonly health: Health;
  readonly banned: boolean;
}

/** Why a server takes no traffic, whatever its role; undefined: it may. */
export function whyOutOfService({ health, banned }: Standing): string | undefined {
  if (banned) return 'banned by an operator';
  switch (health.kind) {
    case 'up':
    case 'suspect':
      return undefined;
    case 'recovering':
      return health.reason;
    case 'down':
      return `down: ${health.reason}`;
    default:
      return unreachable(health);
  }
}
