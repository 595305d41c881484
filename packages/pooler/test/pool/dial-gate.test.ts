import { type DialFailure, DialGate } from '../../src/pool/dial-gate';

function failure(kind: DialFailure['kind']): DialFailure {
  return { kind, reason: kind, error: { severity: 'FATAL', code: '57P03', message: kind } };
}

/** A gate at which an attempt has just failed, at time 1000. */
function failed(kind: DialFailure['kind'], loginRetryMs = 15_000): DialGate {
  const gate = new DialGate();
  gate.began(900);
  gate.failed(failure(kind), { startedAtMs: 900, nowMs: 1000, loginRetryMs });
  return gate;
}

test('a fresh gate lets everybody dial and wait', () => {
  const gate = new DialGate();
  expect(gate.waitMs(0)).toBe(0);
  expect(gate.refusal(0)).toBeUndefined();
});

test.each([
  ['unreachable', 200],
  ['rejected', 1000],
  ['busy', 250],
] as const)('after %s the next attempt may come %d ms later', (kind, gapMs) => {
  const gate = failed(kind);
  expect(gate.waitMs(1000)).toBe(gapMs);
  expect(gate.waitMs(1000 + gapMs - 1)).toBe(1);
  expect(gate.waitMs(1000 + gapMs)).toBe(0);
});

test.each(['unreachable', 'rejected', 'busy'] as const)(
  'server_login_retry shortens the gap after %s',
  (kind) => {
    expect(failed(kind, 50).waitMs(1000)).toBe(50);
    expect(failed(kind, 0).waitMs(1000)).toBe(0);
  },
);

test('a rejected login is remembered for the gap only', () => {
  const gate = failed('rejected');
  expect(gate.refusal(1999)?.message).toBe('rejected');
  expect(gate.refusal(2000)).toBeUndefined();
});

test('a busy server refuses nobody', () => {
  const gate = failed('busy');
  gate.began(1300);
  for (const nowMs of [1000, 1300, 60_000]) expect(gate.refusal(nowMs)).toBeUndefined();
});

test('an unreachable server refuses only while an attempt has been silent for a second', () => {
  const gate = failed('unreachable');
  expect(gate.refusal(1000)).toBeUndefined();
  gate.began(1200);
  expect(gate.refusal(2200)).toBeUndefined();
  expect(gate.refusal(2201)?.message).toBe('unreachable');
});

test('of two attempts that began together the one without an answer still counts', () => {
  const gate = new DialGate();
  gate.began(1000);
  gate.began(1000);
  gate.failed(failure('unreachable'), { startedAtMs: 1000, nowMs: 1001, loginRetryMs: 200 });
  expect(gate.refusal(2500)?.message).toBe('unreachable');
  gate.failed(failure('unreachable'), { startedAtMs: 1000, nowMs: 2600, loginRetryMs: 200 });
  expect(gate.refusal(9000)).toBeUndefined();
});

test('success and a new configuration open the gate at once', () => {
  const gates = [failed('rejected'), failed('rejected')];
  gates[0]?.succeeded(900);
  gates[1]?.reset(1001);
  for (const gate of gates) {
    expect(gate.waitMs(1001)).toBe(0);
    expect(gate.refusal(1001)).toBeUndefined();
  }
});

test('the failure of an attempt from before a new configuration does not count', () => {
  const gate = new DialGate();
  gate.began(1000);
  gate.reset(1500);
  const late = { startedAtMs: 1000, nowMs: 1600, loginRetryMs: 200 };
  expect(gate.failed(failure('rejected'), late)).toBe(false);
  expect(gate.refusal(1601)).toBeUndefined();
  gate.began(1700);
  const fresh = { startedAtMs: 1700, nowMs: 1800, loginRetryMs: 200 };
  expect(gate.failed(failure('rejected'), fresh)).toBe(true);
  expect(gate.refusal(1801)?.message).toBe('rejected');
});
