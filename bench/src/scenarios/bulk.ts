import { runOwn } from '../load/own-load';
import { COPY_BYTES, LARGE_BYTES } from '../postgres/tables';
import type { Scenario } from './scenario';

const LARGE_CLIENTS = 4;

/** Rows of a megabyte. What is counted: megabytes. */
const largeRows: Scenario = {
  name: `large rows c${LARGE_CLIENTS}`,
  group: 'large rows',
  section: 'bulk',
  counts: 'work',
  door: 'transaction',
  clients: LARGE_CLIENTS,
  isQuick: true,
  run: async (target, { load, seconds }) => {
    const order = { target, script: 'large', mode: 'simple', clients: LARGE_CLIENTS } as const;
    const result = await load.queries({ ...order, seconds, allLatencies: true });
    const megabytes = LARGE_BYTES / 1e6;
    const { count, perSecond, latencies } = result;
    return { count: count * megabytes, perSecond: perSecond * megabytes, latencies };
  },
};

/** One client, with our own program: pgbench knows no COPY. */
function copy(direction: 'in' | 'out'): Scenario {
  const name = `copy ${direction}`;
  return {
    name,
    group: name,
    section: 'bulk',
    counts: 'work',
    door: 'transaction',
    clients: 1,
    isQuick: true,
    run: (target, { seconds }) =>
      runOwn({ kind: 'copy', target, direction, bytes: COPY_BYTES, seconds }),
  };
}

export const bulk: readonly Scenario[] = [largeRows, copy('in'), copy('out')];
