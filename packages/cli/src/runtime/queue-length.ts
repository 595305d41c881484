import type { Logger, QueueLength } from '@pgweir/pooler';
import { systemCalls } from '../system-calls';
import { reasonOf } from '../system-error';

/** `listen(2)` on a listening descriptor. Where it cannot be called, the queue stays as it is. */
export function systemQueueLength(log: Logger): QueueLength {
  return (descriptor, backlog) => {
    try {
      systemCalls().must('listen', descriptor, backlog);
    } catch (error) {
      log.warn('listen_backlog has no effect here', { reason: reasonOf(error) });
    }
  };
}
