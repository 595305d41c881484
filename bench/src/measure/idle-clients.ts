import { setTimeout as delay } from 'node:timers/promises';
import type { Entrance } from '../contestants/contestant';
import { queryMessage } from '../load/own-messages';
import { askOnce } from '../load/own-queries';
import { statements } from '../load/scripts';
import type { Target } from '../load/target';
import { WireClient } from '../load/wire-client';
import { residentBytes, settledBytes } from './memory';

/** Come and go before the first reading, so that code and pools are not counted as clients. */
const WARM_UP_CLIENTS = 200;
/** Logins at one time. */
const CONNECTING_MAX = 50;
/** For the descriptors of everything else in this process. */
const SPARE_DESCRIPTORS = 200;
const SOCKETS_CLOSED_MS = 1000;

/** Memory of a daemon with that many clients which have asked once and now say nothing. */
export interface IdleMemory {
  readonly clients: number;
  readonly residentBytes: number;
  /** Above the daemon without clients, for each of them. */
  readonly bytesPerClient: number;
}

/** @returns nothing where there is no daemon or no /proc */
export async function measureIdleClients(
  { target, pid }: Entrance & { readonly kind: 'open' },
  counts: readonly number[],
): Promise<IdleMemory[]> {
  if (pid === undefined || residentBytes(pid) === undefined) return [];
  const clients: WireClient[] = [];
  try {
    await addClients(clients, WARM_UP_CLIENTS, target);
    for (const client of clients.splice(0)) client.end();
    await delay(SOCKETS_CLOSED_MS);
    const without = await settledBytes(pid);
    if (without === undefined) throw new Error('the daemon has ended');
    const readings: IdleMemory[] = [];
    for (const count of counts) {
      requireDescriptors(count);
      await addClients(clients, count - clients.length, target);
      const bytes = await settledBytes(pid);
      if (bytes === undefined) throw new Error('the daemon has ended');
      const bytesPerClient = (bytes - without) / count;
      readings.push({ clients: count, residentBytes: bytes, bytesPerClient });
    }
    return readings;
  } finally {
    for (const client of clients) client.end();
  }
}

function requireDescriptors(clients: number): void {
  const report: unknown = process.report?.getReport();
  const limits: unknown = isObject(report) ? report.userLimits : undefined;
  const files: unknown = isObject(limits) ? limits.open_files : undefined;
  const soft = isObject(files) ? Number(files.soft) : Number.NaN;
  if (soft < clients + SPARE_DESCRIPTORS) {
    throw new Error(`${clients} idle clients need ulimit -n above ${clients + SPARE_DESCRIPTORS}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

async function addClients(clients: WireClient[], more: number, target: Target): Promise<void> {
  let left = more;
  const connectSome = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const client = await WireClient.connect(target);
      clients.push(client);
      await askOnce(client, queryMessage(statements('select')[0] ?? ''));
    }
  };
  await Promise.all(Array.from({ length: CONNECTING_MAX }, connectSome));
}
