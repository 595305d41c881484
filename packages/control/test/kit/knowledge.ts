import type { Health } from '../../src/health/health';
import type { Observation, ServerAddress } from '../../src/observation';
import type { TopologyClaim } from '../../src/ports/topology-claims';
import { serverKey } from '../../src/server-key';
import type { ServerKnowledge } from '../../src/topology/knowledge';

export const SYSTEM = '7000000000000000001';

export const UP: Health = { kind: 'up', inServiceSinceMs: 0, goodNeeded: 1 };
export const DOWN: Health = { kind: 'down', sinceMs: 0, goodNeeded: 2, reason: 'refused' };
export const RECOVERING: Health = {
  ...{ kind: 'recovering', sinceMs: 0, goodInARow: 1, goodNeeded: 2 },
  reason: 'answers again, 1 of 2 times',
};
export const SUSPECT: Health = {
  ...{ kind: 'suspect', sinceMs: 0, inServiceSinceMs: 0, goodNeeded: 1 },
  ...{ unreached: 0, turnedAway: 0, reason: 'a connection was refused' },
};
export const UNREACHED: Health = { ...SUSPECT, unreached: 1 };

/** What a source says that knows the leader and nothing else. */
export function claim(leader: ServerAddress, confirmedAtMs: number): TopologyClaim {
  return {
    leader,
    confirmedAtMs,
    members: [],
    paused: false,
    switchover: undefined,
    clockAheadMs: 0,
  };
}

export function observation(changes: Partial<Observation> = {}): Observation {
  return {
    askedAtMs: 0,
    answeredAtMs: 1,
    systemIdentifier: SYSTEM,
    inRecovery: false,
    timeline: 1,
    readOnly: changes.inRecovery ?? false,
    flushed: undefined,
    inserted: undefined,
    received: undefined,
    replayed: undefined,
    replayLagMs: undefined,
    connections: 1,
    connectionsMax: 100,
    ...changes,
  };
}

/** A server that is up and was seen; port 5432 unless the name says another. */
export function server(
  host: string,
  seen: Partial<Observation>,
  changes: Partial<ServerKnowledge> = {},
): ServerKnowledge {
  const address = { host, port: 5432 };
  const answer = observation(seen);
  return {
    ...{ key: serverKey(address), address, health: UP, banned: false, asked: true },
    ...{ seen: answer, timeline: answer.timeline },
    ...changes,
  };
}

export const primary = (
  host: string,
  timeline: number | undefined,
  changes: Partial<ServerKnowledge> = {},
): ServerKnowledge => server(host, { timeline }, changes);

export const replica = (
  host: string,
  timeline: number | undefined,
  changes: Partial<ServerKnowledge> = {},
): ServerKnowledge => server(host, { timeline, inRecovery: true }, changes);

/** A server that nobody has seen so far. */
export function unseen(host: string, changes: Partial<ServerKnowledge> = {}): ServerKnowledge {
  return { ...server(host, {}), seen: undefined, timeline: undefined, ...changes };
}
