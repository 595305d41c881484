import { time, type ValueType, wholeNumber } from '../value-types';
import { setting } from './row';

const WORKERS_MAX = 64;
const count = wholeNumber({ min: 1, max: WORKERS_MAX });

const workers: ValueType<number | 'auto'> = {
  name: 'choice',
  accepted: `a whole number from 1 to ${WORKERS_MAX}, or auto`,
  parse: (text) =>
    text.toLowerCase() === 'auto' ? { kind: 'ok', value: 'auto' } : count.parse(text),
  show: String,
};

/** Processes. */
export const WORKERS = {
  workers: setting(workers, {
    default: '1',
    reloadable: false,
    help:
      'Processes that carry traffic. With more than one, a supervisor starts them on the same ports, ' +
      'and every cap holds for all of them together. auto: one for each core. Needs Linux.',
  }),
  worker_hang_timeout: setting(time(), {
    default: '10',
    help:
      'A worker that has not given a sign of life for this long is killed and replaced. 0: never. ' +
      'Matters only with several workers.',
  }),
  worker_drain_timeout: setting(time(), {
    default: '0',
    help:
      'How long the clients of a worker that RELOAD WORKERS has replaced may stay, and those of a ' +
      'daemon that another one has taken over from (-R). 0: until they ' +
      'leave by themselves.',
  }),
};
