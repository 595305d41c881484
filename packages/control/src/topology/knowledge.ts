import type { Health } from '../health/health';
import type { Observation, ServerAddress } from '../observation';
import type { ServerKey } from '../server-key';

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
}

/** A server that has answered and may do so again: what it says counts. */
export type LivingServer = ServerKnowledge & { readonly seen: Observation };

/** What a banned server says does not count: an operator has ruled it out. */
export function isLiving(server: ServerKnowledge): server is LivingServer {
  return server.seen !== undefined && !server.banned && server.health.kind !== 'down';
}

export function claimsPrimary(server: LivingServer): boolean {
  return !server.seen.inRecovery;
}
