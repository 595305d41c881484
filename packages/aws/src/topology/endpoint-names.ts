/** What the name of a host of the configuration says about the names of instances. */
export type EndpointName =
  /** Of an instance, a cluster, its readers, or some of its instances. */
  | { readonly kind: 'rds'; readonly pattern: string }
  /** Nothing that leads to instances. `why` is for people. */
  | { readonly kind: 'refused'; readonly why: string }
  /** An address, an alias, or a name of somebody else. */
  | { readonly kind: 'other' };

/** Stands for the name of an instance. */
const PLACE = '?';

/**
 * The name, what it is of, and the rest, which all endpoints of an account in a region have in common. The
 * partitions of China have the region behind `rds`, and some others have other domains.
 */
const ENDPOINT =
  /^[a-z0-9-]+\.(cluster-ro-|cluster-custom-|cluster-|proxy-|shardgrp-|global-)?([a-z0-9]+\.(?:[a-z0-9-]+\.rds|rds\.[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|c2s\.ic\.gov|sc2s\.sgov\.gov|amazonaws\.eu))$/;

const REFUSED: Readonly<Record<string, string>> = {
  'proxy-': 'is an RDS Proxy, which hides the instances: name the cluster itself',
  'shardgrp-': 'is a shard group, which has no instances to choose from',
  'global-': 'is of a global database: name the cluster of one region',
};

export function readEndpointName(host: string): EndpointName {
  const match = ENDPOINT.exec(host.toLowerCase());
  if (match === null) return { kind: 'other' };
  const [, of = '', rest] = match;
  const why = REFUSED[of];
  if (why !== undefined) return { kind: 'refused', why: `${host} ${why}` };
  return { kind: 'rds', pattern: `${PLACE}.${rest}` };
}

export type InstancePattern =
  | { readonly kind: 'pattern'; readonly pattern: string }
  /** `why` is for people. */
  | { readonly kind: 'none'; readonly why: string };

/** How the hosts of instances are called: as it is set, or as the hosts of the configuration tell. */
export function instancePattern(
  hosts: readonly string[],
  set: string | undefined,
): InstancePattern {
  const names = hosts.map(readEndpointName);
  for (const name of names) if (name.kind === 'refused') return { kind: 'none', why: name.why };
  if (set !== undefined) return { kind: 'pattern', pattern: set };
  const [first, ...others] = new Set(
    names.flatMap((name) => (name.kind === 'rds' ? name.pattern : [])),
  );
  if (first === undefined) {
    const why =
      'none of its hosts is an endpoint of RDS: set instance_host_pattern (?.abc123.eu-west-1.rds.amazonaws.com)';
    return { kind: 'none', why };
  }
  if (others.length === 0) return { kind: 'pattern', pattern: first };
  return {
    kind: 'none',
    why: `its hosts are of several accounts or regions (${[first, ...others].join(', ')})`,
  };
}

/** The host of an instance. */
export function instanceHost(pattern: string, name: string): string {
  return pattern.replace(PLACE, () => name);
}
