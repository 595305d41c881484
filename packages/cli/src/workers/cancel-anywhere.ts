import { WORKER_NUMBERS_APART } from '@pgweir/pooler';
import type { Predecessor } from '../restart/predecessor';
import type { Crew } from './crew';
import type { CancelAsk } from './messages';

const CANCEL_MS = 60_000;

/** Takes a cancel request to whoever gave the key out. False: nobody has. */
export async function cancelAnywhere(
  crew: Crew,
  predecessor: Predecessor | undefined,
  ask: CancelAsk,
): Promise<boolean> {
  for (const worker of crew.living) {
    if (worker.number % WORKER_NUMBERS_APART !== ask.worker) continue;
    if (await worker.channel.ask('cancel', ask, CANCEL_MS)) return true;
  }
  const { processId, key } = ask;
  const identity = { processId, key: Buffer.from(key, 'hex') };
  return (await predecessor?.cancel(identity)) ?? false;
}
