import type { ProcessView } from '@pgweir/pooler';
import {
  counter,
  gauge,
  histogram,
  type Metric,
  type MetricScene,
  only,
  type Sample,
} from './metric';

const LABELS = { labels: ['process'] };

/** One that is being replaced and its successor have the same name. */
function nameOf({ role, slot }: ProcessView): string {
  return role === 'worker' ? `worker-${slot}` : role;
}

function each(
  of: (process: ProcessView) => number | undefined,
): (scene: MetricScene) => readonly Sample[] {
  return ({ picture }) =>
    picture.processes.flatMap((process) => {
      const value = of(process);
      return value === undefined ? [] : [{ labels: [nameOf(process)], value }];
    });
}

/** The processes of the daemon. */
export const OF_PROCESSES: readonly Metric[] = [
  gauge(
    'pgweir_workers',
    'Workers by what they do. None where the daemon is one process.',
    ({ picture }) =>
      picture.processes.some(({ role }) => role === 'daemon')
        ? []
        : picture.workers.map(({ state }) => ({ labels: [state], value: 1 })),
    { labels: ['state'] },
  ),
  counter('pgweir_worker_restarts_total', 'How often a worker had to be replaced.', ({ picture }) =>
    only(picture.workerRestarts),
  ),
  gauge(
    'pgweir_process_start_time_seconds',
    'When a process has started.',
    each(({ startedAtMs }) => startedAtMs / 1000),
    { ...LABELS, fold: 'max' },
  ),
  counter(
    'pgweir_process_cpu_seconds_total',
    'CPU time of a process.',
    ({ picture }) =>
      picture.processes.flatMap((process) => [
        { labels: [nameOf(process), 'user'], value: process.userCpuUs / 1e6 },
        { labels: [nameOf(process), 'system'], value: process.systemCpuUs / 1e6 },
      ]),
    { labels: ['process', 'mode'] },
  ),
  gauge(
    'pgweir_process_resident_memory_bytes',
    'Memory of a process.',
    each(({ residentBytes }) => residentBytes),
    LABELS,
  ),
  gauge(
    'pgweir_process_heap_bytes',
    'Heap of a process.',
    each(({ heapTotalBytes }) => heapTotalBytes),
    LABELS,
  ),
  gauge(
    'pgweir_process_heap_used_bytes',
    'What is used of the heap of a process.',
    each(({ heapUsedBytes }) => heapUsedBytes),
    LABELS,
  ),
  gauge(
    'pgweir_process_open_fds',
    'Open file descriptors of a process.',
    each(({ descriptors }) => descriptors),
    LABELS,
  ),
  gauge(
    'pgweir_process_max_fds',
    'How many file descriptors a process may have open.',
    each(({ descriptorsMax }) => descriptorsMax),
    { ...LABELS, fold: 'max' },
  ),
  histogram(
    'pgweir_event_loop_delay_seconds',
    'How late timers of a process are: for so long everything in it has waited.',
    ({ picture }) =>
      picture.processes.map((process) => ({
        labels: [nameOf(process)],
        value: process.loopDelay,
      })),
    LABELS,
  ),
];
