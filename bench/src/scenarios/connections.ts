import type { Door } from '../contestants/doors';
import { runOwn } from '../load/own-load';
import type { Scenario } from './scenario';

const CHURN_CLIENTS = 16;
const BURST_CLIENTS = 1000;

/** Connect, one query, leave, and come again. What is counted: connections. */
function churn(login: string, door: Door): Scenario {
  const group = `churn ${login}`;
  return {
    name: `${group} c${CHURN_CLIENTS}`,
    group,
    section: 'connections',
    counts: 'connections',
    door,
    clients: CHURN_CLIENTS,
    isQuick: true,
    run: (target, { load, seconds }) => load.churn({ target, clients: CHURN_CLIENTS, seconds }),
  };
}

/** A fleet of functions that wakes up: all connect at once, each asks once and leaves. */
const burst: Scenario = {
  name: `burst c${BURST_CLIENTS}`,
  group: 'burst',
  section: 'connections',
  counts: 'connections',
  door: 'burst',
  clients: BURST_CLIENTS,
  isQuick: true,
  run: (target, { seconds }) => runOwn({ kind: 'burst', target, clients: BURST_CLIENTS, seconds }),
};

export const connections: readonly Scenario[] = [
  churn('trust', 'transaction'),
  churn('scram', 'scram'),
  churn('scram+tls', 'tls'),
  burst,
];
