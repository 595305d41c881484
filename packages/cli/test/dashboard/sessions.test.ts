import { formatScramSecret, scramSecretFor } from '@pgweir/protocol';
import { isSameToken, PageSessions } from '../../src/dashboard/sessions';

const MINUTE_MS = 60_000;

function stage(password = 'tea') {
  const state = { nowMs: 0, password };
  const sessions = new PageSessions(
    () => state.nowMs,
    () => state.password,
  );
  return { state, sessions };
}

test('the password is known plain or as a SCRAM verifier, and no password fits none', () => {
  const plain = stage('tea').sessions;
  expect([plain.isRight('tea'), plain.isRight('coffee'), plain.isRight('')]).toEqual([
    ...[true, false, false],
  ]);
  const verifier = formatScramSecret(scramSecretFor('tea', { iterations: 4096 }));
  const scram = stage(verifier).sessions;
  expect([scram.isRight('tea'), scram.isRight('coffee'), scram.isRight(verifier)]).toEqual([
    ...[true, false, false],
  ]);
  expect(stage('').sessions.isRight('')).toBe(false);
});

test('a session lasts while it is used, and not for ever', () => {
  const { state, sessions } = stage();
  const key = sessions.begin();
  const token = sessions.tokenOf(key);
  expect(token).toMatch(/^[\w-]{43}$/);
  for (let minutes = 29; minutes < 12 * 60; minutes += 29) {
    state.nowMs = minutes * MINUTE_MS;
    expect(sessions.tokenOf(key)).toBe(token);
  }
  state.nowMs = 12 * 60 * MINUTE_MS;
  expect(sessions.tokenOf(key)).toBeUndefined();
});

test('a session that is not used, is signed out or is made up is none', () => {
  const { state, sessions } = stage();
  const [idle, out] = [sessions.begin(), sessions.begin()];
  sessions.end(out);
  expect(sessions.tokenOf(out)).toBeUndefined();
  state.nowMs = 30 * MINUTE_MS;
  expect(sessions.tokenOf(idle)).toBeUndefined();
  expect(sessions.tokenOf('made up')).toBeUndefined();
  expect(sessions.tokenOf(undefined)).toBeUndefined();
});

test('another password ends all sessions', () => {
  const { state, sessions } = stage();
  const key = sessions.begin();
  state.password = 'coffee';
  expect(sessions.tokenOf(key)).toBeUndefined();
});

test('the session that was used least lately makes room', () => {
  const { sessions } = stage();
  const [first, second] = [sessions.begin(), sessions.begin()];
  expect(sessions.tokenOf(first)).toBeDefined();
  for (let n = 0; n < 31; n++) sessions.begin();
  expect(sessions.tokenOf(first)).toBeDefined();
  expect(sessions.tokenOf(second)).toBeUndefined();
});

test('tokens are the same, or not, whatever their length', () => {
  expect([isSameToken('a', 'a'), isSameToken('a', 'b'), isSameToken('a', '')]).toEqual([
    ...[true, false, false],
  ]);
});
