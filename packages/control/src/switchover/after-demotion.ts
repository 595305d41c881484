import type { Clock } from '@pgweir/pooler';
import type { Lsn } from '../observation';
import type { LogEnd, SwitchoverServer } from '../ports/switchover-server';
import type { SwitchoverAnswer } from '../ports/topology-claims';
import { serverKey } from '../server-key';
import { earlier, hasReached } from './log-positions';
import { type Asked, asked, type Polling } from './polling';
import type { Leads, SwitchoverCluster } from './switchover-cluster';

export interface Servers {
  readonly primary: SwitchoverServer;
  readonly target: SwitchoverServer;
}

interface Tools {
  readonly clock: Clock;
  readonly polling: Polling;
  readonly cluster: SwitchoverCluster;
}

/** For one answer of a server that may be gone. */
const ANSWER_MS = 1_000;
/** A primary that answers for that long after a demotion that failed has not been demoted. */
const STILL_PRIMARY_MS = 1_000;
/** Told once more after that: the server may have lost the word with the connection. */
const PROMOTE_AGAIN_MS = 2_000;

/** What the servers say after a demotion. */
export type Settled =
  /** The primary is none any more, and the target has all that it wrote. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'primary still'; readonly reason: string }
  /** It is none any more, or cannot be asked; and nobody should be promoted by a program. */
  | { readonly kind: 'in doubt'; readonly reason: string };

interface Demoted {
  readonly answer: Exclude<SwitchoverAnswer, { readonly kind: 'refused' }>;
  /** How far the primary's log was last. */
  readonly last: Lsn;
  readonly withinMs: number;
}

/**
 * Looks until the old primary is none any more and the target has got everything that it wrote. The
 * servers' word counts for more than that of whoever demoted. Where the old primary answers as a
 * standby its own log says where it ends; where it has ended, the end is not before the last position
 * that it told, and PostgreSQL does not end in order before every connected standby has all of it.
 * Whatever a standby has received it replays before it is promoted.
 */
export async function settle(servers: Servers, tools: Tools, demoted: Demoted): Promise<Settled> {
  const { clock, cluster, polling } = tools;
  const deadlineMs = clock.nowMs() + demoted.withinMs;
  const name = serverKey(cluster.primary);
  let primarySinceMs: number | undefined;
  let doubt: Settled = { kind: 'in doubt', reason: `${name} cannot be asked` };
  const settled = await polling.until<Settled>(deadlineMs, async () => {
    const [old, target] = await Promise.all([
      asked(servers.primary.logEnd(ANSWER_MS)),
      asked(servers.target.logEnd(ANSWER_MS)),
    ]);
    const isPrimary = old.kind === 'said' && !old.value.inRecovery;
    if (isPrimary) {
      primarySinceMs ??= clock.nowMs();
      doubt = { kind: 'primary still', reason: `${name} is primary still: ${saidOf(demoted)}` };
      const isLong = clock.nowMs() - primarySinceMs >= STILL_PRIMARY_MS;
      return demoted.answer.kind === 'unknown' && isLong ? doubt : undefined;
    }
    primarySinceMs = undefined;
    const problem = whyNotReady({ old, target }, demoted, cluster);
    if (problem === undefined) return { kind: 'ready' };
    doubt = { kind: 'in doubt', reason: problem };
    return undefined;
  });
  return settled ?? doubt;
}

function saidOf({ answer }: Demoted): string {
  return answer.kind === 'unknown' ? answer.reason : 'the demotion had no effect';
}

interface BothSaid {
  readonly old: Asked<LogEnd>;
  readonly target: Asked<LogEnd>;
}

function whyNotReady({ old, target }: BothSaid, demoted: Demoted, cluster: SwitchoverCluster) {
  const [primary, replica] = [serverKey(cluster.primary), serverKey(cluster.target)];
  if (old.kind === 'failed' && demoted.answer.kind === 'unknown') {
    return `nobody knows whether ${primary} was demoted (${demoted.answer.reason}; ${old.reason})`;
  }
  if (target.kind === 'failed') return `${replica} cannot be asked: ${target.reason}`;
  const { inRecovery, reached, written } = target.value;
  if (!inRecovery) return undefined;
  const { last } = demoted;
  const end = old.kind === 'said' ? old.value.written : last;
  if (hasReached(written, end) && hasReached(reached, earlier(end, last))) return undefined;
  return `${replica} lacks ${end - reached} bytes of what ${primary} has written`;
}

/** @returns why the target is not promoted; undefined: it is */
export async function promote(
  target: SwitchoverServer,
  { clock, polling }: Tools,
  withinMs: number,
): Promise<string | undefined> {
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let reason = 'no answer';
  const isDone = await polling.until(clock.nowMs() + withinMs, async () => {
    const seen = await asked(target.logEnd(ANSWER_MS));
    if (seen.kind === 'said' && !seen.value.inRecovery) return true;
    if (seen.kind === 'failed') reason = seen.reason;
    else if (clock.nowMs() - toldAtMs >= PROMOTE_AGAIN_MS) {
      toldAtMs = clock.nowMs();
      const told = await asked(target.promote(ANSWER_MS));
      reason = told.kind === 'failed' ? told.reason : 'it is in recovery still';
    }
    return undefined;
  });
  return isDone ? undefined : `it could not be promoted in ${withinMs / 1000} s: ${reason}`;
}

/** A primary that stays one for that long after a switchover whose end nobody knows. */
const STAYS_MS = 3_000;

/**
 * Waits until the target leads, and looks at it all the time.
 *
 * `isSure`: the old primary does not lead any more, whatever was seen of it last.
 */
export async function awaitLead(
  { clock, cluster, polling }: Tools,
  { withinMs, isSure }: { readonly withinMs: number; readonly isSure: boolean },
): Promise<Leads> {
  let sinceMs: number | undefined;
  const led = await polling.until<Leads>(clock.nowMs() + withinMs, async () => {
    cluster.look();
    const { leads } = cluster;
    if (leads === 'target' || leads === 'another') return leads;
    if (leads === 'nobody' || isSure) return undefined;
    sinceMs ??= clock.nowMs();
    return clock.nowMs() - sinceMs >= STAYS_MS ? leads : undefined;
  });
  return led ?? cluster.leads;
}
