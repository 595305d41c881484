import {
  type BudgetFromWorker,
  type BudgetToWorker,
  type PoolerSettings,
  RemoteLinkBudget,
  SharedLinkBudget,
  serverShares,
  type TopologySource,
} from '@pgweir/pooler';
import { systemClock } from '../runtime/system-clock';

/** The supervisor, among the workers of the budget: the connections of health checks are its own. */
export const SUPERVISOR = 0;

/**
 * The supervisor's own part of the budget that it keeps. Both speak as over a channel, since whoever asks
 * is not to be answered within its call.
 *
 * @param hears takes what this part says to whoever has the budget
 */
export function supervisorBudget(
  shared: SharedLinkBudget,
  hears: (message: BudgetFromWorker) => void,
): { readonly own: RemoteLinkBudget; readonly says: (message: BudgetToWorker) => void } {
  shared.workerJoined(SUPERVISOR);
  const own = new RemoteLinkBudget({
    clock: systemClock,
    send: (message) => queueMicrotask(() => hears(message)),
    // With the supervisor everything ends.
    passDescriptor: () => true,
  });
  return { own, says: (message) => queueMicrotask(() => own.received(message)) };
}

/**
 * Sees to it that links to each server have the limits of the configuration, to those as well that are
 * found to be members of a cluster.
 *
 * @returns to be called when the configuration is another one, before anybody goes by it
 */
export function keepServerLimits(
  budget: SharedLinkBudget,
  topology: Pick<TopologySource, 'current' | 'subscribe'>,
  settings: () => PoolerSettings,
): () => void {
  const limit = () => budget.limitServers(serverShares(settings(), topology.current));
  limit();
  topology.subscribe(limit);
  return limit;
}

/** @returns to be cleared at the end */
export function relieveOften(budget: SharedLinkBudget): NodeJS.Timeout {
  return setInterval(() => {
    if (budget.restless) budget.relieve();
  }, SharedLinkBudget.TICK_MS);
}
