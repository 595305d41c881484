import { Latencies } from '../measure/latencies';
import { queryMessage } from './own-messages';
import type { BurstOrder, OwnReport } from './own-order';
import { askOnce } from './own-queries';
import { statements } from './scripts';
import { WireClient } from './wire-client';

/** A client's latency is from the beginning of the burst to its answer. */
export async function playBursts(order: BurstOrder): Promise<OwnReport> {
  const latencies = new Latencies();
  const endMs = performance.now() + order.seconds * 1000;
  let burstsMs = 0;
  do {
    const startedMs = performance.now();
    const visit = async (): Promise<void> => {
      const client = await WireClient.connect(order.target);
      await askOnce(client, queryMessage(statements('select')[0] ?? ''));
      latencies.add((performance.now() - startedMs) * 1000);
      client.end();
    };
    await Promise.all(Array.from({ length: order.clients }, visit));
    burstsMs += performance.now() - startedMs;
  } while (performance.now() < endMs);
  const count = latencies.total;
  return { count, perSecond: (count / burstsMs) * 1000, latencies: latencies.counts() };
}
