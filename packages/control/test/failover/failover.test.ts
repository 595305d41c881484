import fc from 'fast-check';
import {
  FAILOVER_MOVES,
  FAILOVER_START,
  type Failover,
  type FailoverEvent,
  isHolding,
  nextFailover,
} from '../../src/failover/failover';
import { serverKey } from '../../src/server-key';

const A = serverKey({ host: 'a', port: 5432 });
const B = serverKey({ host: 'b', port: 5432 });
const C = serverKey({ host: 'c', port: 5432 });

type Decided = Extract<FailoverEvent, { kind: 'decided' }>;
const decided = (primary: Decided['primary'], changes: Partial<Decided> = {}): Decided => ({
  ...{ kind: 'decided', primary, isPrimarySuspect: false, mayFailOver: true },
  ...changes,
});
const switchover = (untilMs: number): FailoverEvent => ({
  ...{ kind: 'switchover', target: B, untilMs },
});

function after(...events: readonly FailoverEvent[]): Failover {
  return events.reduce((state, event, at) => nextFailover(state, event, at + 1), FAILOVER_START);
}

test('work goes on while the primary is only suspect', () => {
  const suspect = after(decided(A), decided(A, { isPrimarySuspect: true }));
  expect(suspect).toEqual({ kind: 'primary-suspect', primary: A, sinceMs: 2 });
  expect(isHolding(suspect)).toBe(false);
  expect(nextFailover(suspect, decided(A), 3)).toEqual({ kind: 'steady', primary: A });
});

test('holding begins when the primary is lost and ends with another one', () => {
  const holding = after(decided(A), decided(undefined));
  expect(holding).toEqual({ kind: 'holding', oldPrimary: A, sinceMs: 2 });
  expect(nextFailover(holding, decided(undefined), 9)).toBe(holding);
  expect(nextFailover(holding, decided(B), 9)).toEqual({ kind: 'steady', primary: B });
});

test('holding ends when the same server is primary again', () => {
  expect(after(decided(A), decided(undefined), decided(A))).toEqual({ kind: 'steady', primary: A });
});

test('nobody waits where no other server may become primary', () => {
  const lost = after(decided(A), decided(undefined, { mayFailOver: false }));
  expect(lost).toEqual({ kind: 'steady', primary: undefined });
  expect(nextFailover(lost, decided(undefined, { mayFailOver: false }), 9)).toBe(lost);
});

test('waiting ends when the other servers are taken out of the list', () => {
  const events = [decided(A), decided(undefined), decided(undefined, { mayFailOver: false })];
  expect(isHolding(after(...events))).toBe(false);
});

describe('a switchover', () => {
  const begun = after(decided(A), switchover(100));

  test('makes work wait although the primary lives', () => {
    expect(begun.kind).toBe('switching');
    expect(isHolding(begun)).toBe(true);
    expect(nextFailover(begun, decided(A), 50)).toBe(begun);
    expect(nextFailover(begun, decided(undefined), 50)).toBe(begun);
  });

  test('ends when another server is primary, whichever it is', () => {
    expect(nextFailover(begun, decided(B), 50)).toEqual({ kind: 'steady', primary: B });
    expect(nextFailover(begun, decided(C), 50)).toEqual({ kind: 'steady', primary: C });
  });

  test('is called off after its time, and work goes on where it was', () => {
    expect(nextFailover(begun, decided(A), 100)).toEqual({ kind: 'steady', primary: A });
  });

  test('is called off by order', () => {
    const off = nextFailover(begun, { kind: 'called-off' }, 50);
    expect(nextFailover(off, decided(A), 50)).toEqual({ kind: 'steady', primary: A });
  });

  test('becomes a failover if the old primary is gone after its time', () => {
    const holding = nextFailover(begun, decided(undefined), 100);
    expect(holding).toEqual({ kind: 'holding', oldPrimary: A, sinceMs: 2 });
  });

  test('cannot begin without a primary, nor to the primary itself', () => {
    const holding = after(decided(A), decided(undefined));
    expect(nextFailover(holding, switchover(100), 9)).toBe(holding);
    const there = after(decided(B));
    expect(nextFailover(there, switchover(100), 9)).toBe(there);
    expect(nextFailover(FAILOVER_START, switchover(100), 9)).toBe(FAILOVER_START);
  });
});

const anyEvent: fc.Arbitrary<FailoverEvent> = fc.oneof(
  { weight: 5, arbitrary: decision() },
  fc.nat(60).map(switchover),
  fc.constant<FailoverEvent>({ kind: 'called-off' }),
);

function decision(): fc.Arbitrary<FailoverEvent> {
  const flags = fc.record({
    isPrimarySuspect: fc.boolean(),
    mayFailOver: fc.integer({ min: 0, max: 9 }).map((of10) => of10 > 0),
  });
  return fc.tuple(fc.constantFrom(A, B, undefined), flags).map(([p, f]) => decided(p, f));
}

test('every order of events makes legal moves only, all of them, and a primary ends every wait', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state = FAILOVER_START;
      events.forEach((event, at) => {
        const next = nextFailover(state, event, at);
        if (next !== state) seen.add(`${state.kind} ${next.kind}`);
        state = next;
        if (event.kind === 'decided' && event.primary !== undefined && isHolding(state)) {
          expect(state).toMatchObject({ kind: 'switching', oldPrimary: event.primary });
        }
      });
      expect(isHolding(nextFailover(state, decided(A), 1_000))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
  const legal = Object.entries(FAILOVER_MOVES).flatMap(([from, all]) =>
    all.map((to) => `${from} ${to}`),
  );
  expect([...seen].sort()).toEqual([...legal].sort());
});
