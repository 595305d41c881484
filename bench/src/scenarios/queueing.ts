import type { Scenario } from './scenario';

const CLIENTS = 1000;

/**
 * Many more busy clients than links. Each transaction keeps its link for two milliseconds and hardly
 * any CPU, so that what is measured is who waits how long for a link, not who computes faster: for
 * that, `simple c1000` has as many clients.
 */
export const queueing: readonly Scenario[] = [
  {
    name: `queue c${CLIENTS}`,
    group: 'queue',
    section: 'waiting',
    counts: 'work',
    door: 'transaction',
    clients: CLIENTS,
    only: 'poolers',
    isQuick: true,
    run: (target, { load, seconds }) =>
      load.queries({
        target,
        script: 'sleep',
        mode: 'simple',
        clients: CLIENTS,
        seconds,
        allLatencies: true,
      }),
  },
];
