import type { DatabaseSettings } from '@pgweir/pooler';
import { fileLockProblem } from '../system-calls';
import type { CheckContext } from './checks';
import { quoted } from './finding';

/** What is left of a lease in etcd right after it was renewed, at the least, as a part of its time. */
const LEASE_PART = 0.9;
const LEASE_ROUND_MS = 1_000;

type PromotionContext = Pick<CheckContext, 'values' | 'place' | 'findings' | 'databases'>;

/** Nobody promotes who cannot fence, or who cannot be sure to be the only one. */
export function checkPromotion(context: PromotionContext): void {
  const { values, place, findings } = context;
  if (values.failover_mode !== 'promote') return;
  const problem = (message: string): void => {
    findings.problem(place('failover_mode'), `failover_mode = promote ${message}`);
  };
  if (values.fence_command === '') {
    problem('needs fence_command: without one two servers might take writes');
  }
  if (values.promoter_lease.kind === 'nowhere') {
    problem('needs promoter_lease: without one two poolers might promote');
  }
  const [afterMs, holdMs] = [values.failover_after, values.failover_hold_timeout];
  if (holdMs > 0 && afterMs >= holdMs) {
    const message =
      `failover_after (${afterMs / 1000}) is not below failover_hold_timeout (${holdMs / 1000}): work that ` +
      'waits for another primary fails before there is one';
    findings.warning(place('failover_after'), message);
  }
  checkLease(context, problem);
  checkLists(context, problem);
}

function checkLease({ values }: PromotionContext, problem: (message: string) => void): void {
  const { kind } = values.promoter_lease;
  const [ttlMs, fenceMs] = [values.promoter_lease_ttl, values.fence_timeout];
  if (kind === 'etcd' && ttlMs * LEASE_PART - LEASE_ROUND_MS <= fenceMs) {
    const leastMs = Math.ceil((fenceMs + LEASE_ROUND_MS) / LEASE_PART);
    problem(
      `needs a promoter_lease_ttl of more than ${leastMs / 1000} for a fence_timeout of ${fenceMs / 1000}: ` +
        'fencing only begins when the lease is certain to outlast it',
    );
  }
  const reason = kind === 'file' ? fileLockProblem() : undefined;
  if (reason !== undefined) problem(`cannot keep promoter_lease in a file here: ${reason}`);
}

/** Each cluster is one list of hosts, and nobody else promotes there. */
function checkLists({ databases }: PromotionContext, problem: (message: string) => void): void {
  const entries = [
    ...databases.named,
    ...(databases.fallback === undefined ? [] : ([['*', databases.fallback]] as const)),
  ].filter(([, entry]) => entry.targetSessionAttrs !== undefined);
  const owners = new Map<string, { readonly name: string; readonly list: string }>();
  for (const [name, entry] of entries) {
    if (entry.patroniUrls.length > 0) {
      problem(
        `and patroni of database ${quoted(name)} contradict each other: Patroni promotes there`,
      );
    }
    if (entry.topology !== 'static') {
      problem(
        `and topology = ${entry.topology} of database ${quoted(name)} contradict each other: RDS promotes there`,
      );
    }
    const servers = serversOf(entry);
    const list = [...servers].sort().join(' ');
    for (const server of servers) {
      const owner = owners.get(server) ?? { name, list };
      owners.set(server, owner);
      if (owner.list === list) continue;
      problem(
        `needs one list of hosts for each cluster: databases ${quoted(owner.name)} and ${quoted(name)} ` +
          `share ${server} and differ in others`,
      );
      break;
    }
  }
  if (entries.every(([, entry]) => serversOf(entry).size < 2)) {
    problem(
      'needs a database with several hosts and target_session_attrs: there is nobody to promote',
    );
  }
}

function serversOf({ hosts, ports }: DatabaseSettings): ReadonlySet<string> {
  return new Set(hosts.map((host, at) => `${host.toLowerCase()}:${ports[at] ?? ports[0]}`));
}
