import { Latencies } from '../measure/latencies';
import type { OwnReport } from './own-load';
import type { LoadOrder } from './target';
import { WireClient } from './wire-client';

/** Plays the clients of one order (JSON in the first argument) and prints an `OwnReport`. */
async function main(): Promise<void> {
  // Written by our own program of the same build.
  const order = JSON.parse(process.argv[2] ?? '') as LoadOrder;
  const { target, mode, seconds } = order;
  const dials = Array.from({ length: order.clients }, () => WireClient.connect(target, mode));
  const clients = await Promise.all(dials);
  const latencies = new Latencies();
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1000;
  await Promise.all(clients.map((client) => playUntil(client, endMs, latencies)));
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const report: OwnReport = {
    transactions: latencies.total,
    perSecond: latencies.total / tookSeconds,
    latencies: latencies.counts(),
  };
  process.stdout.write(JSON.stringify(report));
}

/** One transaction after the other, without a promise for each. */
function playUntil(client: WireClient, endMs: number, latencies: Latencies): Promise<void> {
  return new Promise((resolve, reject) => {
    let askedMs = performance.now();
    const answered = (error: Error | undefined): void => {
      if (error !== undefined) {
        reject(error);
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
      client.transact(answered);
    };
    client.transact(answered);
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
