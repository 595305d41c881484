import { RawClient } from '@pgweir/testkit';
import { Latencies } from '../measure/latencies';
import { APPLICATION_NAME } from '../postgres/names';
import type { ChurnOrder } from './generator';
import type { OwnReport } from './own-order';
import { statements } from './scripts';

export async function playChurn(order: ChurnOrder): Promise<OwnReport> {
  const latencies = new Latencies();
  const startedMs = performance.now();
  const endMs = startedMs + order.seconds * 1000;
  const comeAndGo = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const beganMs = performance.now();
      await visit(order);
      latencies.add((performance.now() - beganMs) * 1000);
    }
  };
  await Promise.all(Array.from({ length: order.clients }, comeAndGo));
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const count = latencies.total;
  return { count, perSecond: count / tookSeconds, latencies: latencies.counts() };
}

async function visit({ target }: ChurnOrder): Promise<void> {
  const { host, port, user, database, password, tls } = target;
  const parameters = { application_name: APPLICATION_NAME };
  const wire = await RawClient.connect({ host, port }, tls ? { tls: { start: 'request' } } : {});
  try {
    const who = { user, database, parameters };
    await wire.login(password === undefined ? who : { ...who, password });
    const answer = await wire.query(statements('select')[0] ?? '');
    if (answer.some(({ tag }) => tag === 'E')) throw new Error('a query failed');
    await wire.end();
  } finally {
    wire.destroy();
  }
}
