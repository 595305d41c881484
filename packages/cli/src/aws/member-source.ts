import type { MemberSource } from '@pgweir/control';
import type { DatabaseSettings } from '@pgweir/pooler';
import { awsLibrary } from './library';

export type FoundBy =
  /** `hosts` are the servers. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'source'; readonly source: MemberSource }
  /** `why` is for people. */
  | { readonly kind: 'impossible'; readonly why: string };

type Wanted = Pick<DatabaseSettings, 'topology' | 'hosts' | 'ports' | 'instanceHostPattern'>;

const NOTHING: FoundBy = { kind: 'nothing' };
const POSTGRESQL_PORT = 5432;

/** What finds the members of the cluster that an entry leads to. */
export function foundBy(entry: Wanted): FoundBy {
  const { topology } = entry;
  if (topology === 'static') return NOTHING;
  try {
    return topology === 'aurora' ? auroraOf(entry) : rdsCluster();
  } catch (error) {
    return { kind: 'impossible', why: error instanceof Error ? error.message : String(error) };
  }
}

function auroraOf({ hosts, ports, instanceHostPattern }: Wanted): FoundBy {
  const { auroraSource, instancePattern } = awsLibrary();
  const known = instancePattern(hosts, instanceHostPattern);
  if (known.kind === 'none') return { kind: 'impossible', why: known.why };
  const [port = POSTGRESQL_PORT] = ports;
  return { kind: 'source', source: auroraSource({ pattern: known.pattern, port }) };
}

function rdsCluster(): FoundBy {
  return { kind: 'source', source: awsLibrary().rdsClusterSource() };
}
