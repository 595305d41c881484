import { invariant, unreachable } from '../invariant';
import type { ServerKey } from '../server-key';

/**
 * Whether work that needs the primary of a cluster goes on or waits.
 *
 * - `steady`: it goes on; or there is no primary, and no other server could become one
 * - `primary-suspect`: it goes on, but the primary may be about to go
 * - `holding`: there is no primary, and one is expected
 * - `switching`: the primary is about to hand over, as planned; new work waits while it finishes
 */
export type Failover =
  | { readonly kind: 'steady'; readonly primary: ServerKey | undefined }
  | { readonly kind: 'primary-suspect'; readonly primary: ServerKey; readonly sinceMs: number }
  | {
      readonly kind: 'holding';
      /** Who was primary; undefined: nobody since the beginning. */
      readonly oldPrimary: ServerKey | undefined;
      readonly sinceMs: number;
    }
  | {
      readonly kind: 'switching';
      readonly oldPrimary: ServerKey;
      /** undefined: whoever is chosen then. */
      readonly target: ServerKey | undefined;
      readonly sinceMs: number;
      /** When it is called off, if the old primary still is primary then. */
      readonly untilMs: number;
    };

/** Every legal move; anything else is a broken invariant. */
export const FAILOVER_MOVES: Readonly<Record<Failover['kind'], readonly Failover['kind'][]>> = {
  steady: ['steady', 'primary-suspect', 'holding', 'switching'],
  'primary-suspect': ['steady', 'primary-suspect', 'holding', 'switching'],
  holding: ['steady', 'primary-suspect'],
  switching: ['steady', 'primary-suspect', 'holding', 'switching'],
};

export type FailoverEvent =
  | {
      /** A decision was made about the cluster. */
      readonly kind: 'decided';
      /** The server that takes writes now. */
      readonly primary: ServerKey | undefined;
      readonly isPrimarySuspect: boolean;
      /** Another server is there that may become primary. */
      readonly mayFailOver: boolean;
    }
  | {
      readonly kind: 'switchover';
      /** undefined: whoever is chosen then. */
      readonly target: ServerKey | undefined;
      readonly untilMs: number;
    }
  | { readonly kind: 'called-off' };

export const FAILOVER_START: Failover = { kind: 'steady', primary: undefined };

/** What follows from an event; the same object where nothing does. */
export function nextFailover(state: Failover, event: FailoverEvent, nowMs: number): Failover {
  const next = moved(state, event, nowMs);
  invariant(
    next === state || FAILOVER_MOVES[state.kind].includes(next.kind),
    `failover: ${state.kind} -> ${next.kind}`,
  );
  return next;
}

/** Whether work that needs the primary waits. */
export function isHolding({ kind }: Failover): boolean {
  return kind === 'holding' || kind === 'switching';
}

/** Who is primary, or was before it was lost. */
export function primaryOf(state: Failover): ServerKey | undefined {
  return 'primary' in state ? state.primary : state.oldPrimary;
}

function moved(state: Failover, event: FailoverEvent, nowMs: number): Failover {
  switch (event.kind) {
    case 'decided':
      return afterDecision(state, event, nowMs);
    case 'switchover': {
      if (state.kind !== 'steady' && state.kind !== 'primary-suspect') return state;
      const { primary } = state;
      if (primary === undefined || primary === event.target) return state;
      const { target, untilMs } = event;
      return { kind: 'switching', oldPrimary: primary, target, untilMs, sinceMs: nowMs };
    }
    case 'called-off':
      // Without the old primary there is nothing to go back to: the next decision says what follows.
      return state.kind === 'switching' ? { ...state, untilMs: nowMs } : state;
    default:
      return unreachable(event);
  }
}

type Decided = Extract<FailoverEvent, { readonly kind: 'decided' }>;

function afterDecision(state: Failover, event: Decided, nowMs: number): Failover {
  const { primary, mayFailOver } = event;
  if (state.kind === 'switching') {
    const isHandedOver = primary !== undefined && primary !== state.oldPrimary;
    if (!isHandedOver && mayFailOver && nowMs < state.untilMs) return state;
  }
  if (primary !== undefined) return withPrimary(state, { ...event, primary }, nowMs);
  if (!mayFailOver) {
    const isSo = state.kind === 'steady' && state.primary === undefined;
    return isSo ? state : { kind: 'steady', primary: undefined };
  }
  if (state.kind === 'holding') return state;
  const sinceMs = state.kind === 'switching' ? state.sinceMs : nowMs;
  return { kind: 'holding', oldPrimary: primaryOf(state), sinceMs };
}

function withPrimary(
  state: Failover,
  { primary, isPrimarySuspect }: Decided & { readonly primary: ServerKey },
  nowMs: number,
): Failover {
  const kind = isPrimarySuspect ? 'primary-suspect' : 'steady';
  if (state.kind === kind && state.primary === primary) return state;
  return isPrimarySuspect
    ? { kind: 'primary-suspect', primary, sinceMs: nowMs }
    : { kind: 'steady', primary };
}
