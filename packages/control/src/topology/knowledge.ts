import { type Health, isUnreachable } from '../health/health';
import type { Observation, ServerAddress } from '../observation';
import type { ServerKey } from '../server-key';
import type { Listings } from './listings';

/** Why what a server says does not count, for people. */
export interface RuledOut {
  readonly why: string;
  /** An operator should know. */
  readonly isAlarming: boolean;
}

/** What is known about one server. */
export interface ServerKnowledge {
  readonly key: ServerKey;
  readonly address: ServerAddress;
  readonly health: Health;
  readonly banned: boolean;
  /** A probe has ended, well or not. */
  readonly asked: boolean;
  /** Its last answer. */
  readonly seen: Observation | undefined;
  /** As it was told last while the server was what it is now. */
  readonly timeline: number | undefined;
  /** PostgreSQL has been started anew since its last answer. */
  readonly hasRestarted?: boolean;
  /** Since when it says that it takes writes; undefined: it does not, or nobody has seen it begin. */
  readonly writesSinceMs?: number | undefined;
  /** Absent: it counts. */
  readonly ruledOut?: RuledOut | undefined;
}

/** Who was accepted as primary last, and on which timeline, as far as that could be told. */
export interface AcceptedPrimary {
  readonly key: ServerKey;
  readonly timeline: number | undefined;
  /** As its last observation has it. */
  readonly moves?: number | undefined;
}

/** What stands from one decision to the next. */
export interface Settled {
  /** Of the first primary that was accepted. A server with another one is never accepted. */
  readonly systemIdentifier: string | undefined;
  /** Stays when it is lost, until another one is accepted. */
  readonly primary: AcceptedPrimary | undefined;
  /** Grows with each other server, timeline, or machine under a server's name, that is accepted. */
  readonly epoch: number;
}

export const NOTHING_SETTLED: Settled = {
  systemIdentifier: undefined,
  primary: undefined,
  epoch: 0,
};

/** All that a decision rests on. */
export interface ClusterKnowledge {
  readonly servers: readonly ServerKnowledge[];
  readonly settled: Settled;
  /** Whom a source such as Patroni has confirmed as leader lately. */
  readonly confirmedLeader: ServerKey | undefined;
  /** Present: the members share their storage, and only their word counts. */
  readonly listings?: Listings | undefined;
}

/** A server that has answered and may do so again: what it says counts. */
export type LivingServer = ServerKnowledge & { readonly seen: Observation };

/** What a banned server says does not count: an operator has ruled it out. */
export function isLiving(server: ServerKnowledge): server is LivingServer {
  if (server.ruledOut !== undefined || server.banned) return false;
  return server.seen !== undefined && server.health.kind !== 'down';
}

/** Whether it can be reached and has not been started anew, so that a primary there may take writes. */
export function mayTakeWrites({ health, hasRestarted }: ServerKnowledge): boolean {
  return !isUnreachable(health) && hasRestarted !== true;
}

export function claimsPrimary(server: LivingServer): boolean {
  return !server.seen.inRecovery;
}
