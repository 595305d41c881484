import type { Metric } from './metric';
import { OF_DAEMON } from './of-daemon';
import { OF_DATABASES } from './of-databases';
import { OF_POOLS } from './of-pools';
import { OF_PROCESSES } from './of-processes';
import { OF_SERVERS } from './of-servers';
import { OF_STATEMENTS } from './of-statements';

/** Every metric, in the order of the manual. */
export const METRIC_GROUPS: readonly (readonly [title: string, metrics: readonly Metric[]])[] = [
  ['The daemon', OF_DAEMON],
  ['Processes', OF_PROCESSES],
  ['Databases', OF_DATABASES],
  ['Pools', OF_POOLS],
  ['Servers and failover', OF_SERVERS],
  ['Statements', OF_STATEMENTS],
];

export const METRICS: readonly Metric[] = METRIC_GROUPS.flatMap(([, metrics]) => metrics);
