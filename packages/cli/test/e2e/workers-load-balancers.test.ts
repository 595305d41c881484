import { type Cluster, cancelPacket, frontend, startCluster, waitFor } from '@pgweir/testkit';
import {
  Balancer,
  binary,
  FRIEND,
  FRIEND_WITH_TLS,
  line,
  STRANGER,
  startBehind,
} from './support/balancer';
import { RUNTIMES } from './support/crew';
import { untilError, untilRuns } from './support/stage';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster?.stop());

/** Logs clients in until both workers have one; gives the ports that these came from. */
async function arriveAtBoth(balancer: Balancer): Promise<readonly number[]> {
  const ports: number[] = [];
  const workers = new Set<number>();
  await waitFor(
    async () => {
      const port = 50_001 + ports.length;
      const header = port % 2 === 0 ? line(FRIEND, port) : binary(FRIEND, port);
      const { login } = await balancer.arrive({ header });
      ports.push(port);
      workers.add(login.processId >>> 21);
      return workers.size === 2;
    },
    { what: 'clients of both workers', everyMs: 0 },
  );
  return ports;
}

test.each(RUNTIMES)('all workers know where a client really is: %s', async (runtime) => {
  const daemon = await startBehind(cluster, { runtime, settings: { workers: 2 } });
  const balancer = new Balancer(daemon);
  try {
    const ports = await arriveAtBoth(balancer);
    // The Unix socket is not listed: whoever comes by it needs no header.
    const shown = await balancer.shown({ by: 'unix' });
    expect(shown).toEqual(ports.map((port) => `${FRIEND} ${port}`));
    for (let i = 0; i < 10; i++) {
      expect(await balancer.outcome({ header: line(STRANGER, 1) })).toBe('28000 login rejected');
      expect(await balancer.outcome({})).toBe('08P01 bad PROXY header');
    }
    for (const tls of ['request', 'direct'] as const) {
      const header = line(FRIEND_WITH_TLS, 50_000);
      expect(await balancer.outcome({ header, tls })).toBe('in');
    }
  } finally {
    balancer.end();
    await daemon.stop();
  }
});

test.each(RUNTIMES)('a cancel request finds its client at any worker: %s', async (runtime) => {
  const daemon = await startBehind(cluster, { runtime, settings: { workers: 2 } });
  const balancer = new Balancer(daemon);
  try {
    const { client, login } = await balancer.arrive({ header: binary(FRIEND, 50_001) });
    for (let i = 0; i < 6; i++) {
      client.send(frontend.query('SELECT pg_sleep(60) /* both */'));
      await untilRuns(cluster.primary, '/* both */');
      const messenger = await balancer.dial({ header: line(FRIEND, 50_002) });
      messenger.send(cancelPacket(login.processId, login.cancelKey));
      expect(await untilError(client)).toContain('57014');
      await client.until('Z');
      await messenger.closed;
    }
  } finally {
    balancer.end();
    await daemon.stop();
  }
});
