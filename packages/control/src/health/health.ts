import type { ServerNotice } from '@pgweir/pooler';
import { invariant, unreachable } from '../invariant';
import type { ProbeResult } from '../observation';

/**
 * Whether a server can be used.
 *
 * - `recovering`: out of service until it has answered `goodNeeded` probes in a row; so it begins, too
 * - `up`: in service
 * - `suspect`: something failed; still in service, until enough probes have failed
 * - `down`: out of service, and does not answer
 *
 * `goodNeeded` grows with each fall soon after a rise, so a server that flaps proves itself longer.
 */
export type Health =
  | {
      readonly kind: 'recovering';
      readonly sinceMs: number;
      readonly goodInARow: number;
      readonly goodNeeded: number;
      readonly reason: string;
    }
  | { readonly kind: 'up'; readonly inServiceSinceMs: number; readonly goodNeeded: number }
  | {
      readonly kind: 'suspect';
      readonly sinceMs: number;
      readonly inServiceSinceMs: number;
      readonly goodNeeded: number;
      /** Probes that found nobody: refused, lost, not answered in time. */
      readonly unreached: number;
      /** Probes that PostgreSQL turned away. */
      readonly turnedAway: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'down';
      readonly sinceMs: number;
      readonly goodNeeded: number;
      readonly reason: string;
    };

/** Every legal move; anything else is a broken invariant. */
export const HEALTH_MOVES: Readonly<Record<Health['kind'], readonly Health['kind'][]>> = {
  recovering: ['recovering', 'up', 'down'],
  up: ['suspect'],
  suspect: ['suspect', 'up', 'down'],
  down: ['down', 'recovering', 'up'],
};

/** What was met outside of probes; or the connection of the probe itself was lost between two probes. */
export type Evidence = ServerNotice | 'disturbed';

type Failure = Extract<ProbeResult, { readonly kind: 'failed' }>;

export type HealthEvent =
  | { readonly kind: 'answered'; readonly askedAtMs: number; readonly atMs: number }
  | Failure
  | { readonly kind: 'evidence'; readonly evidence: Evidence; readonly atMs: number };

export interface HealthLimits {
  readonly downAfter: number;
  readonly upAfter: number;
}

/** The longest proof that is asked of a server that flaps, in probes in a row. */
export const GOOD_NEEDED_MAX = 32;
/** A server that was in service for this long has not flapped. */
export const STABLE_AFTER_MS = 60_000;
/**
 * PostgreSQL that turns probes away lives: it has no place left, or does not like the password. That
 * alone takes no server out of service. But a server that was lost, and has turned away this many
 * probes since, is as good as gone.
 */
export const TURNED_AWAY_MAX = 20;

/** A server of which nothing is known: the first good probe brings it into service. */
export function unprovenHealth(nowMs: number): Health {
  return {
    kind: 'recovering',
    sinceMs: nowMs,
    goodInARow: 0,
    goodNeeded: 1,
    reason: 'not proven yet',
  };
}

/** What a server is after `event`; the same object where the event says nothing new. */
export function nextHealth(health: Health, event: HealthEvent, limits: HealthLimits): Health {
  const next = moved(health, event, limits);
  invariant(
    next === health || HEALTH_MOVES[health.kind].includes(next.kind),
    `health: ${health.kind} -> ${next.kind}`,
  );
  return next;
}

/** Whether nobody could be reached there lately, so that a primary there takes no writes from us. */
export function isUnreachable(health: Health): boolean {
  return health.kind === 'down' || (health.kind === 'suspect' && health.unreached > 0);
}

/** Whether its last probe was answered. What was met outside of probes says nothing about that. */
export function hasAnsweredLast(health: Health): boolean {
  switch (health.kind) {
    case 'up':
      return true;
    case 'recovering':
      return health.goodInARow > 0;
    case 'suspect':
      return health.unreached === 0 && health.turnedAway === 0;
    case 'down':
      return false;
    default:
      return unreachable(health);
  }
}

/** Whether its state alone lets it be used. */
export function isInService(health: Health): boolean {
  return health.kind === 'up' || health.kind === 'suspect';
}

function moved(health: Health, event: HealthEvent, limits: HealthLimits): Health {
  switch (event.kind) {
    case 'answered':
      return afterAnswer(health, event);
    case 'failed':
      return afterFailure(health, event, limits);
    case 'evidence':
      return afterEvidence(health, event);
    default:
      return unreachable(event);
  }
}

function afterAnswer(
  health: Health,
  { askedAtMs, atMs }: { readonly askedAtMs: number; readonly atMs: number },
): Health {
  switch (health.kind) {
    case 'up':
      return health;
    case 'suspect': {
      // What was asked before the suspicion does not clear it.
      if (askedAtMs < health.sinceMs) return health;
      const { inServiceSinceMs, goodNeeded } = health;
      return { kind: 'up', inServiceSinceMs, goodNeeded };
    }
    case 'recovering':
    case 'down': {
      const goodInARow = (health.kind === 'recovering' ? health.goodInARow : 0) + 1;
      const { goodNeeded } = health;
      if (goodInARow >= goodNeeded) return { kind: 'up', inServiceSinceMs: atMs, goodNeeded };
      const sinceMs = health.kind === 'recovering' ? health.sinceMs : atMs;
      const reason = `answers again, ${goodInARow} of ${goodNeeded} times`;
      return { kind: 'recovering', sinceMs, goodInARow, goodNeeded, reason };
    }
    default:
      return unreachable(health);
  }
}

function afterFailure(health: Health, failure: Failure, limits: HealthLimits): Health {
  const { atMs, reason } = failure;
  const isTurnedAway = failure.why === 'busy' || failure.why === 'rejected';
  switch (health.kind) {
    case 'up':
    case 'suspect': {
      const before = health.kind === 'suspect' ? health : { unreached: 0, turnedAway: 0 };
      const unreached = before.unreached + (isTurnedAway ? 0 : 1);
      const turnedAway = before.turnedAway + (isTurnedAway ? 1 : 0);
      const { inServiceSinceMs, goodNeeded } = health;
      const sinceMs = health.kind === 'suspect' ? health.sinceMs : atMs;
      const suspect: Health = {
        ...{ kind: 'suspect', sinceMs, inServiceSinceMs, goodNeeded },
        ...{ unreached, turnedAway, reason },
      };
      const isGone = unreached > 0 && turnedAway >= TURNED_AWAY_MAX;
      if (health.kind === 'up' || !(isGone || unreached >= limits.downAfter)) return suspect;
      return { kind: 'down', sinceMs: atMs, reason, goodNeeded: proofAfterFall(suspect, limits) };
    }
    case 'recovering':
      if (isTurnedAway) return { ...health, goodInARow: 0, reason };
      return {
        ...{ kind: 'down', sinceMs: atMs, reason },
        goodNeeded: Math.max(health.goodNeeded, limits.upAfter),
      };
    case 'down':
      return { ...health, reason };
    default:
      return unreachable(health);
  }
}

/** Where nothing is sent, traffic shows nothing: a server out of service proves itself by probes. */
function afterEvidence(
  health: Health,
  { evidence, atMs }: { readonly evidence: Evidence; readonly atMs: number },
): Health {
  if (health.kind !== 'up') return health;
  const { inServiceSinceMs, goodNeeded } = health;
  return {
    ...{ kind: 'suspect', sinceMs: atMs, inServiceSinceMs, goodNeeded },
    ...{ unreached: 0, turnedAway: 0, reason: EVIDENCE_TEXT[evidence] },
  };
}

const EVIDENCE_TEXT: Readonly<Record<Evidence, string>> = {
  refused: 'a connection was refused',
  terminated: 'PostgreSQL ended a connection (57P01)',
  lost: 'a connection was lost',
  'read-only': 'a write was refused (25006)',
  disturbed: 'the connection for probes was lost',
};

function proofAfterFall(
  fallen: Extract<Health, { readonly kind: 'suspect' }>,
  { upAfter }: HealthLimits,
): number {
  const inServiceMs = fallen.sinceMs - fallen.inServiceSinceMs;
  if (inServiceMs >= STABLE_AFTER_MS) return upAfter;
  return Math.max(upAfter, Math.min(GOOD_NEEDED_MAX, fallen.goodNeeded * 2));
}
