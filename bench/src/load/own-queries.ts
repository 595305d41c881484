import { Latencies } from '../measure/latencies';
import type { QueryOrder } from './generator';
import { preparation, transaction } from './own-messages';
import type { OwnReport } from './own-order';
import type { Answered } from './wire-client';
import { WireClient } from './wire-client';

/** All clients connect first; the clock runs from then on. */
export async function playQueries(order: QueryOrder): Promise<OwnReport> {
  const dials = Array.from({ length: order.clients }, () => connect(order));
  const clients = await Promise.all(dials);
  const latencies = new Latencies();
  const startedMs = performance.now();
  const endMs = startedMs + order.seconds * 1000;
  await Promise.all(clients.map((client) => playUntil(client, { order, endMs, latencies })));
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const count = latencies.total;
  return { count, perSecond: count / tookSeconds, latencies: latencies.counts() };
}

async function connect({ target, mode }: QueryOrder): Promise<WireClient> {
  const client = await WireClient.connect(target);
  const first = preparation(mode);
  if (first !== undefined) await askOnce(client, first);
  return client;
}

export function askOnce(client: WireClient, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    client.ask(bytes, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

interface Play {
  readonly order: QueryOrder;
  readonly endMs: number;
  readonly latencies: Latencies;
}

/** One transaction after the other, without a promise for each. */
function playUntil(client: WireClient, { order, endMs, latencies }: Play): Promise<void> {
  const { script, mode } = order;
  return new Promise((resolve, reject) => {
    let askedMs = performance.now();
    let messages = transaction(script, mode);
    let at = 0;
    const ask = (): void => client.ask(messages[at++] ?? Buffer.alloc(0), answered);
    const answered: Answered = (error) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      if (at < messages.length) {
        ask();
        return;
      }
      const nowMs = performance.now();
      latencies.add((nowMs - askedMs) * 1000);
      if (nowMs >= endMs) {
        client.end();
        resolve();
        return;
      }
      askedMs = nowMs;
      messages = transaction(script, mode);
      at = 0;
      ask();
    };
    ask();
  });
}
