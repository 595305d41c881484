import type { Link } from '../backend/link';
import type { Pool } from './pool';

const NOT_FIT = 'its server does not have the wanted role any more';

/**
 * A new snapshot has been published: links to servers that are not what they were go, and whoever waits
 * tries again.
 */
export function topologyChanged(pool: Pool, nowMs: number): void {
  const { servers, supply } = pool;
  if (!servers.isOn || !servers.takeChange()) return;
  servers.look();
  retireUnfit(pool);
  supply.gate.reset(nowMs);
  pool.lendIdle();
  supply.renew();
}

function retireUnfit(pool: Pool): void {
  const deposed: Link[] = [];
  const unfit: Link[] = [];
  for (const link of pool.links) {
    const fitness = pool.servers.fitness(link);
    if (fitness === 'fit') continue;
    link.retireReason ??= NOT_FIT;
    (fitness === 'deposed' ? deposed : unfit).push(link);
  }
  if (deposed.length > 0) pool.settingDefaults.forget();
  // Those that nobody has come first: who loses a link must not be lent one of them.
  const isLent = ({ phase }: Link): boolean => phase === 'leased';
  for (const link of deposed) if (!isLent(link)) link.drop(NOT_FIT);
  for (const link of unfit) if (isFree(link)) link.close(NOT_FIT);
  for (const link of deposed) link.drop(NOT_FIT);
  for (const link of pool.links) {
    if (isLent(link) && (pool.servers.held || link.retireReason !== undefined))
      link.session?.letGo(link);
  }
}

function isFree({ phase }: Link): boolean {
  return phase === 'idle' || phase === 'dialing' || phase === 'login';
}
