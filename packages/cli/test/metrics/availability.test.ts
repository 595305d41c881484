import { databaseName, type ServerEndpoint, type TopologySnapshot } from '@pgweir/pooler';
import { AvailabilityBook } from '../../src/metrics/availability';

const APP = databaseName('app');

function snapshot(
  holding: boolean,
  ...servers: readonly Partial<ServerEndpoint>[]
): TopologySnapshot {
  const all = servers.map((server) => ({
    host: 'a',
    port: 1,
    role: 'unknown' as const,
    ...server,
  }));
  return {
    generation: 1,
    servers: new Map([[APP, all]]),
    roles: new Map([[APP, { epoch: 1, holding }]]),
  };
}

test('the part of the period in which a server of each role was in service', () => {
  let nowMs = 1000;
  const book = new AvailabilityBook(() => nowMs);
  const [primary, replica] = [{ role: 'primary' }, { role: 'replica' }] as const;
  book.published(snapshot(false, primary, replica));
  nowMs += 45_000;
  book.published(snapshot(true, { ...primary, outOfService: 'down' }, replica));
  nowMs += 15_000;
  expect(book.take()).toEqual([
    { entry: 'app', role: 'READ_WRITE', percent: 75 },
    { entry: 'app', role: 'READ_ONLY', percent: 100 },
  ]);
  nowMs += 30_000;
  book.published(snapshot(false, { role: 'unknown' }, primary));
  nowMs += 30_000;
  expect(book.take()).toEqual([
    { entry: 'app', role: 'READ_WRITE', percent: 50 },
    { entry: 'app', role: 'READ_ONLY', percent: 50 },
  ]);
});

test('of one server alone there is no reader, and of an entry that is gone there is nothing', () => {
  const book = new AvailabilityBook(() => 5);
  book.published(snapshot(false, { role: 'primary' }));
  expect(book.take().map(({ role }) => role)).toEqual(['READ_WRITE']);
  book.published({ generation: 2, servers: new Map(), roles: new Map() });
  expect(book.take()).toEqual([]);
});
