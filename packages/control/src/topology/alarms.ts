import type { ServerKey } from '../server-key';
import type { Election } from './elect';
import type { Identity } from './identity';
import type { ServerKnowledge, Settled } from './knowledge';
import { claimsPrimary, isLiving, type LivingServer, mayTakeWrites } from './knowledge';

/** What an operator should know and may have to decide. */
export interface Alarm {
  readonly kind:
    | 'foreign-system'
    | 'disputed-system'
    | 'two-primaries'
    | 'outdated-primary'
    | 'fenced-primary'
    | 'doubtful-primary'
    | 'stranger'
    | 'read-only-primary'
    | 'promotion';
  readonly servers: readonly ServerKey[];
  /** A sentence for people: what it is, and what ends it. */
  readonly text: string;
}

interface Judged {
  readonly servers: readonly ServerKnowledge[];
  readonly identity: Identity;
  readonly election: Election;
  readonly settled: Settled;
  readonly primary: LivingServer | undefined;
}

/** The alarms that stand after a decision, in an order that does not change by itself. */
export function alarmsOf(judged: Judged): readonly Alarm[] {
  const { servers, primary } = judged;
  return [
    ...strangerAlarms(servers),
    ...identityAlarms(judged),
    ...electionAlarms(judged),
    ...readOnlyAlarm(primary),
  ];
}

function strangerAlarms(servers: readonly ServerKnowledge[]): readonly Alarm[] {
  return servers.flatMap(({ key, ruledOut }) => {
    if (ruledOut?.isAlarming !== true) return [];
    const text = `${key} ${ruledOut.why}: it is never used; look at its name, and at instance_host_pattern`;
    return [{ kind: 'stranger' as const, servers: [key], text }];
  });
}

function identityAlarms({ servers, identity }: Judged): readonly Alarm[] {
  const living = servers.filter(isLiving);
  if (identity.kind === 'disputed') {
    const identifiers = identity.systemIdentifiers.join(', ');
    return [
      {
        kind: 'disputed-system',
        servers: living.map(({ key }) => key),
        text: `servers of several clusters are listed as one (${identifiers}): none is used; correct the list, or ban those that are not meant`,
      },
    ];
  }
  if (identity.kind === 'unknown') return [];
  return living
    .filter(({ seen }) => seen.systemIdentifier !== identity.systemIdentifier)
    .map(({ key, seen }) => ({
      kind: 'foreign-system',
      servers: [key],
      text: `${key} has the system identifier ${seen.systemIdentifier}, not ${identity.systemIdentifier}: it is another cluster and never used; if it was made anew, take it out of the list and reload`,
    }));
}

function electionAlarms({ servers, identity, election, settled }: Judged): readonly Alarm[] {
  if (election.kind === 'conflict') {
    const keys = election.claimants.map(({ key }) => key);
    return [
      {
        kind: 'two-primaries',
        servers: keys,
        text: `${list(keys)} claim to be primary: none takes writes until one is stopped, or banned (BAN)`,
      },
    ];
  }
  if (election.kind === 'outdated') {
    const keys = election.claimants.map(({ key }) => key);
    const { key, timeline } = settled.primary ?? {};
    const last = key === undefined ? '' : `; the last primary was ${key} on timeline ${timeline}`;
    return [
      {
        kind: 'outdated-primary',
        servers: keys,
        text: `${list(keys)} claims to be primary on a timeline that was left behind, and takes no writes${last}`,
      },
    ];
  }
  if (election.kind === 'doubtful') {
    const { server, by, instead } = election;
    return [
      {
        kind: 'doubtful-primary',
        servers: [server.key],
        text: `${server.key} claims to be primary, but ${by} hears from ${instead} as the writer: none takes writes until that is over, or one is banned (BAN)`,
      },
    ];
  }
  if (election.kind === 'nobody' || identity.kind !== 'known') return [];
  return servers
    .filter(isLiving)
    .filter(({ seen }) => seen.systemIdentifier === identity.systemIdentifier)
    .filter((server) => claimsPrimary(server) && mayTakeWrites(server))
    .filter(({ key }) => key !== election.server.key)
    .map(({ key }) => ({
      kind: 'fenced-primary',
      servers: [key],
      text: `${key} claims to be primary although ${election.server.key} is: it takes no traffic; stop it, or make it a replica`,
    }));
}

function readOnlyAlarm(primary: LivingServer | undefined): readonly Alarm[] {
  if (primary?.seen.readOnly !== true) return [];
  return [
    {
      kind: 'read-only-primary',
      servers: [primary.key],
      text: `${primary.key} is primary, but its default_transaction_read_only is on`,
    },
  ];
}

function list(keys: readonly ServerKey[]): string {
  return keys.join(' and ');
}
