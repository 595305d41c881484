import { dataRow, rowDescription } from '@pgweir/protocol';
import type { FakeBackend } from '../kit/fake-backend';
import { query } from '../kit/messages';
import { Rig } from '../kit/rig';
import type { TestClient } from '../kit/test-client';

const ROW = dataRow(['a'.repeat(100)]);

interface Scene {
  readonly rig: Rig;
  readonly client: TestClient;
  readonly backend: FakeBackend;
  /** What the client has got since its login. */
  readonly got: () => Buffer;
}

/** A client that has asked, and has been sent `bytes` so far. */
async function answeredWith(bytes: Buffer, changes: Parameters<typeof Rig.open>[0] = {}) {
  const rig = await Rig.open({ poolSize: 1, ...changes });
  const client = await rig.client();
  const { backend } = rig.server;
  backend.answers = false;
  const from = client.output.length;
  client.send(query('SELECT 1'));
  await rig.settle();
  backend.send(bytes);
  await rig.settle();
  const scene: Scene = { rig, client, backend, got: () => client.output.subarray(from) };
  return scene;
}

const ENDS: readonly (readonly [string, (backend: FakeBackend) => void])[] = [
  ['breaks', (backend) => backend.crash()],
  ['is closed', (backend) => backend.close()],
];

describe.each(ENDS)('a server connection that %s', (_name, end) => {
  test.each([5, 7, 60, ROW.length - 1])(
    'after %i bytes of a row: nothing is put behind them',
    async (bytes) => {
      const { rig, client, backend, got } = await answeredWith(ROW.subarray(0, bytes));
      expect(got()).toEqual(ROW.subarray(0, bytes));
      end(backend);
      await rig.settle();
      expect(got()).toEqual(ROW.subarray(0, bytes));
      expect(client.closed).toBe(true);
      expect(rig.log.count('closing because: server connection ended')).toBe(1);
      expect(rig.budget.total).toBe(0);
    },
  );

  test.each([
    ['after a whole row', ROW],
    ['in the header of a row', ROW.subarray(0, 3)],
    ['after a row and half a header', Buffer.concat([ROW, ROW.subarray(0, 4)])],
  ])('%s: the client is told', async (_where, bytes) => {
    const { rig, client, backend } = await answeredWith(bytes);
    end(backend);
    await rig.settle();
    expect(client.atBoundary).toBe(true);
    expect(client.sqlState).toBe('08006');
    expect(client.closed).toBe(true);
  });
});

test('an error of our own is not put behind half a row, but logged', async () => {
  const half = Buffer.concat([rowDescription([]), ROW.subarray(0, 50)]);
  const { rig, client, got } = await answeredWith(half, { queryTimeoutMs: 1000 });
  await rig.pass(2000);
  expect(got()).toEqual(half);
  expect(client.closed).toBe(true);
  expect(rig.log.count('pooler error: query timeout')).toBe(1);
});
