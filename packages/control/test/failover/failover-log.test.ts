import { FAILOVER_START, type Failover } from '../../src/failover/failover';
import { FAILOVERS_KEPT, FailoverLog } from '../../src/failover/failover-log';
import { serverKey } from '../../src/server-key';

const A = serverKey({ host: 'a', port: 5432 });
const B = serverKey({ host: 'b', port: 5432 });
const C = serverKey({ host: 'c', port: 5432 });

const steady = (primary: typeof A | undefined): Failover => ({ kind: 'steady', primary });
const holding = (oldPrimary: typeof A | undefined): Failover => ({
  ...{ kind: 'holding', oldPrimary, sinceMs: 0 },
});
const switching: Failover = {
  ...{ kind: 'switching', oldPrimary: A, target: B, sinceMs: 0, untilMs: 1 },
};
const at = (nowMs: number) => ({ nowMs, wallMs: 1_000_000 + nowMs });

test.each([
  ['promoted', holding(A), steady(B), A, B],
  ['came back', holding(A), steady(A), A, A],
  ['found', holding(undefined), steady(B), undefined, B],
  ['given up', holding(A), steady(undefined), A, undefined],
  ['switched over', switching, steady(B), A, B],
  ['called off', switching, steady(A), A, A],
  ['promoted', switching, steady(C), A, C],
])(
  '%s: what was seen, by whom, how long work waited',
  (outcome, during, end, before, newPrimary) => {
    const log = new FailoverLog();
    log.note(steady(before), during, 'a: down', at(100));
    expect(log.records(350)).toMatchObject([{ outcome: 'holding', heldMs: 250 }]);
    log.note(during, end, 'b is primary', at(600));
    expect(log.records(9_999)).toEqual([
      {
        ...{ startedAtWallMs: 1_000_100, seen: 'a: down', heldMs: 500, outcome, newPrimary },
        ...{ oldPrimary: before, isPlanned: during.kind === 'switching', isOurs: false },
        sessions: { moved: 0, retried: 0, failed: 0 },
      },
    ]);
  },
);

test('whoever promotes says so while the primary is missing, and not later', () => {
  const log = new FailoverLog();
  log.claimLast();
  log.note(steady(A), holding(A), 'a: down', at(0));
  log.claimLast();
  log.note(holding(A), steady(B), 'b is primary', at(10));
  log.note(steady(B), holding(B), 'b: down', at(20));
  log.note(holding(B), steady(C), 'c is primary', at(30));
  log.claimLast();
  expect(log.records(99).map(({ isOurs }) => isOurs)).toEqual([true, false]);
});

test('a switchover that becomes a failover is one record', () => {
  const log = new FailoverLog();
  log.note(steady(A), switching, 'switchover', at(0));
  log.note(switching, holding(A), 'a: down', at(10));
  log.note(holding(A), steady(B), '', at(30));
  expect(log.records(99)).toMatchObject([{ isPlanned: true, outcome: 'promoted', heldMs: 30 }]);
});

test('one primary after the other without a pause is a failover too; the first of all is none', () => {
  const log = new FailoverLog();
  log.note(FAILOVER_START, steady(A), 'a is primary', at(0));
  expect(log.records(0)).toEqual([]);
  log.note(steady(A), steady(B), 'b is primary', at(5));
  expect(log.records(9)).toMatchObject([{ outcome: 'promoted', heldMs: 0, newPrimary: B }]);
});

test('what became of sessions is added to the last failover', () => {
  const log = new FailoverLog();
  expect(log.addSessions({ moved: 1, retried: 1, failed: 1 })).toBe(false);
  log.note(steady(A), holding(A), 'a: down', at(0));
  log.addSessions({ moved: 3, retried: 2, failed: 1 });
  log.note(holding(A), steady(B), '', at(5));
  expect(log.addSessions({ moved: 1, retried: 0, failed: 1 })).toBe(true);
  expect(log.records(9)[0]?.sessions).toEqual({ moved: 4, retried: 2, failed: 2 });
});

test('they are counted for good, and a primary that was only not known yet is none', () => {
  const log = new FailoverLog();
  const totals: number[] = [];
  const note = (...move: Parameters<FailoverLog['note']>) => {
    log.note(...move);
    totals.push(log.total);
  };
  note(FAILOVER_START, holding(undefined), 'nobody has answered', at(0));
  note(holding(undefined), steady(A), 'a is primary', at(50));
  note(steady(A), holding(A), 'a: down', at(100));
  note(holding(A), steady(B), 'b is primary', at(200));
  note(steady(B), steady(undefined), 'b is gone', at(300));
  note(steady(undefined), holding(undefined), 'nobody', at(400));
  note(holding(undefined), steady(C), 'c is primary', at(5_000));
  expect(totals).toEqual([0, 0, 1, 1, 1, 1, 2]);
});

test('only the last ones are kept', () => {
  const log = new FailoverLog();
  for (let count = 0; count < FAILOVERS_KEPT + 5; count++) {
    log.note(steady(A), holding(A), `loss ${count}`, at(count));
    log.note(holding(A), steady(A), '', at(count));
  }
  const records = log.records(0);
  expect(records).toHaveLength(FAILOVERS_KEPT);
  expect(log.total).toBe(FAILOVERS_KEPT + 5);
  expect(records[0]?.seen).toBe('loss 5');
});
