import { databaseName } from '../../src/ports/names';
import { freshnessOf, ReplicaPositions } from '../../src/routing/replica-positions';
import { HandPositions, R1, replica } from './hand-positions';

test('what an entry says goes before what holds for all', () => {
  const all = { consistency: 'session', maxReplicaLagMs: 100 } as const;
  const nothing = { consistency: undefined, maxReplicaLagMs: undefined };
  expect(freshnessOf(all, nothing)).toEqual(all);
  const own = { consistency: 'global', maxReplicaLagMs: 0 } as const;
  expect(freshnessOf(all, own)).toEqual(own);
});

describe('who waits for news', () => {
  function open() {
    const source = new HandPositions();
    const settings = { consistency: 'session', maxReplicaLagMs: 0 } as const;
    const positions = new ReplicaPositions({ source, entry: databaseName('app'), settings });
    return { source, positions };
  }

  test('is called once, at the next report, unless he gave up', () => {
    const { source, positions } = open();
    const calls: string[] = [];
    positions.whenNext(() => calls.push('one'));
    positions.whenNext(() => calls.push('two'))();
    source.tell({ replicas: [replica(R1)] });
    source.tell({ replicas: [] });
    expect(calls).toEqual(['one']);
  });

  test('may wait again from within', () => {
    const { source, positions } = open();
    let calls = 0;
    const again = (): void => {
      calls++;
      positions.whenNext(again);
    };
    positions.whenNext(again);
    for (let nth = 0; nth < 3; nth++) source.tell({});
    expect(calls).toBe(3);
  });

  test('is not called after the end, and nothing is told then', () => {
    const { source, positions } = open();
    let calls = 0;
    positions.whenNext(() => calls++);
    positions.close();
    source.tell({});
    expect(calls).toBe(0);
    expect(source.isLeft).toBe(true);
  });
});
