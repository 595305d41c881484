import type { SessionModel } from '../model/session-model';
import { selected, type Wanted } from '../outcome';
import type { Maker, Statement } from '../statement';

/*
 * Advisory locks. Whether somebody else has a key is judged by what is known of all sessions (see
 * LockTable), so that two holders of one key are found out.
 *
 * Avoided: waiting for a lock while holding another one, or a transaction: deadlocks.
 */

const KEYS = 16;

export const tryLock: Maker = (_, random) => {
  const key = random.between(1, KEYS);
  return trying(key, `SELECT pg_try_advisory_lock(${key})::text`, (model) => {
    model.locks.set(key, (model.locks.get(key) ?? 0) + 1);
  });
};

export const tryXactLock: Maker = (_, random) => {
  const key = random.between(1, KEYS);
  const sql = `SELECT pg_try_advisory_xact_lock(${key})::text`;
  return { ...trying(key, sql, (model) => addXactLock(model, key)), pins: false };
};

function trying(key: number, sql: string, take: (model: SessionModel) => void): Statement {
  return {
    name: 'lock-try',
    sql,
    returnsRows: true,
    pins: true,
    locks: key,
    // Which of the two is right, the table of locks knows.
    expect: () => [selected('true'), selected('false')],
    apply: (model, [row]) => {
      if (row === 'true') take(model);
    },
  };
}

export const waitForLock: Maker = (model, random) => {
  if (model.heldLocks.size > 0 || model.tx.kind !== 'none') return undefined;
  const key = random.between(1, KEYS);
  return {
    name: 'lock-wait',
    sql: `SELECT pg_advisory_lock(${key})::text`,
    returnsRows: true,
    pins: true,
    isAlone: true,
    locks: key,
    expect: () => [selected('')],
    apply: (now) => {
      now.locks.set(key, (now.locks.get(key) ?? 0) + 1);
    },
  };
};

export const unlock: Maker = (model, random) => {
  const held = [...model.locks.keys()];
  const key = held.length > 0 && random.chance(0.9) ? random.pick(held) : random.between(1, KEYS);
  return {
    name: 'unlock',
    sql: `SELECT pg_advisory_unlock(${key})::text`,
    returnsRows: true,
    expect: (now) => [selected(String(now.locks.has(key)))],
    apply: (now) => {
      const count = now.locks.get(key) ?? 0;
      if (count > 1) now.locks.set(key, count - 1);
      else now.locks.delete(key);
    },
  };
};

export const unlockAll: Maker = () => ({
  name: 'unlock',
  sql: 'SELECT pg_advisory_unlock_all()::text',
  returnsRows: true,
  expect: (): readonly Wanted[] => [selected('')],
  apply: (model) => model.locks.clear(),
});

/** Asks PostgreSQL itself. */
export const countLocks: Maker = () => ({
  name: 'lock-count',
  label: 'SELECT own locks',
  sql:
    "SELECT coalesce(string_agg(objid::text, ',' ORDER BY objid), '') FROM pg_locks " +
    "WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()",
  returnsRows: true,
  expect: (model) => [selected([...model.heldLocks].sort((a, b) => a - b).join(','))],
});

function addXactLock(model: SessionModel, key: number): void {
  model.state = { ...model.state, xactLocks: new Set([...model.state.xactLocks, key]) };
}
