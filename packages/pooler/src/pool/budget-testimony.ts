import type { CancelTarget } from '../ports/link-budget';
import type { DatabaseName, ServerName, UserName } from '../ports/names';
import type { GrantedLink } from './budget-core';
import {
  BUDGET_VERSION,
  type BudgetFromWorker,
  toMessage,
  type Unversioned,
} from './budget-messages';
import type { WorkerHolder } from './budget-worker-holder';

/** A link that a worker has, or had: its place is taken until `permitGone`. */
export interface SharedPermit {
  readonly id: number;
  readonly worker: number;
  /** The worker's own number for the pool. */
  readonly holder: number;
  readonly pool: string;
  readonly database: DatabaseName;
  readonly user: UserName;
  /** Known once PostgreSQL has let the worker in. */
  readonly cancelTarget: CancelTarget | undefined;
}

/** It, in the books. */
export interface PermitBooks {
  readonly link: GrantedLink;
  readonly permit: SharedPermit;
  /** What its server has said of itself on it. */
  readonly maxConnections?: number;
}

/** What a worker has told, to be repeated to a budget after this one. */
export interface Testimony {
  readonly worker: number;
  readonly message: BudgetFromWorker;
}

/**
 * Everything that another budget has to be told, in this order, to have the same books.
 *
 * @returns `gone`: workers in it that are gone, whose links are not
 */
export function testimony(
  workers: ReadonlyMap<number, { readonly holders: ReadonlyMap<number, WorkerHolder> }>,
  permits: Iterable<PermitBooks>,
): { readonly told: readonly Testimony[]; readonly gone: ReadonlySet<number> } {
  const told: Testimony[] = [];
  const gone = new Set<number>();
  const tell = (worker: number, message: Unversioned<BudgetFromWorker>): void => {
    told.push({ worker, message: { ...message, version: BUDGET_VERSION } });
  };
  for (const [worker, { holders }] of workers) {
    for (const { introduction } of holders.values()) tell(worker, introduction);
  }
  const closed = new Set<string>();
  for (const { link, maxConnections, permit } of permits) {
    const { id, worker, holder, pool, database, user } = permit;
    const books = workers.get(worker);
    if (books === undefined) gone.add(worker);
    // The links of a holder that has left are there still.
    if (books?.holders.has(holder) !== true && !closed.has(`${worker} ${holder}`)) {
      closed.add(`${worker} ${holder}`);
      tell(worker, { kind: 'budget-open', holder, pool, database, user, grants: 0 });
    }
    tell(worker, adoption(permit, link.servers));
    if (maxConnections !== undefined)
      tell(worker, { kind: 'budget-allows', permit: id, maxConnections });
  }
  for (const key of closed) {
    const [worker = 0, holder = 0] = key.split(' ').map(Number);
    tell(worker, { kind: 'budget-close', holder });
  }
  for (const [worker, { holders }] of workers) {
    for (const { said } of holders.values()) if (said !== undefined) tell(worker, said);
  }
  return { told, gone };
}

function adoption(
  { id, holder, cancelTarget }: SharedPermit,
  servers: readonly ServerName[],
): Unversioned<BudgetFromWorker> {
  const target = cancelTarget === undefined ? null : toMessage(cancelTarget);
  return { kind: 'budget-adopt', holder, permit: id, target, servers };
}
