import type { Logger } from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import type { Configuration } from './messages';
import type { WorkerProcess } from './worker-process';

const CONFIGURE_MS = 10_000;

/** One that cannot have the configuration of the others is replaced by one that has. */
export async function configureWorker(
  worker: WorkerProcess,
  configuration: Configuration,
  log: Logger,
): Promise<void> {
  try {
    if (await worker.channel.ask('configure', configuration, CONFIGURE_MS)) return;
  } catch (error) {
    if (worker.phase === 'gone') return;
    log.error('no answer to a reload', { reason: reasonOf(error) });
  }
  log.error(`worker ${worker.number} does not reload and is ended`, { worker: worker.number });
  worker.stop();
}
