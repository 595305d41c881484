import { unreachable } from '../invariant';
import type { ServerKey } from '../server-key';

/**
 * How long a primary has been lost, without interruption, and what has become of attempts to replace it.
 *
 * - `calm`: nothing to do
 * - `lost`: since then; nothing is tried before `notBeforeMs`
 */
export type Vigil =
  | { readonly kind: 'calm' }
  | {
      readonly kind: 'lost';
      readonly primary: ServerKey;
      readonly sinceMs: number;
      /** Attempts in a row that have come to nothing. */
      readonly failures: number;
      readonly notBeforeMs: number;
    };

export type VigilEvent =
  /** `sinceLastMs`: how long nobody had looked. */
  | {
      readonly kind: 'looked';
      readonly lost: ServerKey | undefined;
      readonly sinceLastMs: number;
    }
  /** Something that passes by itself is in the way, and is looked at again soon. */
  | { readonly kind: 'waits' }
  /** Somebody has to do something about it. */
  | { readonly kind: 'failed' };

export const CALM: Vigil = { kind: 'calm' };

/** A process that has not looked for longer than this, because it was stopped, begins to count anew. */
export const LOOK_GAP_MAX_MS = 2_000;
/** Between two attempts while nobody can be promoted. */
const WAIT_MS = 1_000;
/** Between two attempts after a failure: doubled with each. */
const BACKOFF_MS = 5_000;
const BACKOFF_MAX_MS = 60_000;

/** What follows from an event; the same object where nothing does. */
export function nextVigil(vigil: Vigil, event: VigilEvent, nowMs: number): Vigil {
  switch (event.kind) {
    case 'looked': {
      const { lost: primary, sinceLastMs } = event;
      if (primary === undefined) return CALM;
      const isSame = vigil.kind === 'lost' && vigil.primary === primary;
      if (isSame && sinceLastMs <= LOOK_GAP_MAX_MS) return vigil;
      return { kind: 'lost', primary, sinceMs: nowMs, failures: 0, notBeforeMs: nowMs };
    }
    case 'waits':
      return vigil.kind === 'calm' ? vigil : { ...vigil, notBeforeMs: nowMs + WAIT_MS };
    case 'failed': {
      if (vigil.kind === 'calm') return vigil;
      const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** vigil.failures);
      return { ...vigil, failures: vigil.failures + 1, notBeforeMs: nowMs + backoffMs };
    }
    default:
      return unreachable(event);
  }
}

export interface VigilLimits {
  /** How long it has to have been lost. */
  readonly afterMs: number;
  /** How long after another server became primary, at least. */
  readonly minIntervalMs: number;
}

/** When another server is to be promoted; undefined: not at all, as things are. */
export function dueAtMs(
  vigil: Vigil,
  { afterMs, minIntervalMs }: VigilLimits,
  changedAtMs: number | undefined,
): number | undefined {
  if (vigil.kind === 'calm') return undefined;
  const spacedMs = changedAtMs === undefined ? vigil.sinceMs : changedAtMs + minIntervalMs;
  return Math.max(vigil.sinceMs + afterMs, vigil.notBeforeMs, spacedMs);
}
