import type { Server } from '@pgweir/testkit';
import type { Observation, ProbeResult } from '../../../src/observation';
import { ServerProber, type ServerProberNeeds } from '../../../src/probe/server-prober';
import { CountingPermits } from './counting-permits';
import { realClock } from './real-clock';

/** A deadline that a busy machine keeps as well. */
export const AMPLE_MS = 10_000;

/** A prober of a server at this port of the loopback, as the superuser. */
export function proberAt(port: number, needs: Partial<ServerProberNeeds> = {}): ServerProber {
  return new ServerProber({
    address: { host: '127.0.0.1', port },
    login: { database: 'postgres', user: 'postgres', password: undefined, tls: undefined },
    permits: new CountingPermits(),
    clock: realClock,
    ...needs,
  });
}

export function proberOf(server: Server, needs: Partial<ServerProberNeeds> = {}): ServerProber {
  return proberAt(server.port, needs);
}

/** One probe. Fails when it is answered twice. */
export function ask(prober: ServerProber, deadlineMs = AMPLE_MS): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    let answers = 0;
    let isWithin = true;
    prober.probe(deadlineMs, (result) => {
      answers++;
      if (answers > 1 || isWithin) reject(new Error('answered twice, or within the call'));
      resolve(result);
    });
    isWithin = false;
  });
}

/** One probe that must be answered well. */
export async function observe(prober: ServerProber, deadlineMs?: number): Promise<Observation> {
  const result = await ask(prober, deadlineMs);
  if (result.kind === 'failed') throw new Error(`probe failed: ${result.why}, ${result.reason}`);
  return result.observation;
}
