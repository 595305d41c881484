import { LinkStatements, tickOfStatements } from '../../src/backend/link-statements';
import type { SharedStatement } from '../../src/session-state/shared-statement';
import { NO_EFFECTS } from '../../src/sql/effects';

function statement(name: string): SharedStatement {
  return {
    serverName: Buffer.from(`${name}\0`),
    tail: Buffer.from('SELECT 1\0\0\0'),
    context: '',
    effects: NO_EFFECTS,
    keepable: true,
  };
}

test('the clock of statements moves with each call', () => {
  const first = tickOfStatements();
  expect(tickOfStatements()).toBeGreaterThan(first);
});

test('a statement is found by what it is, not by its name', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  const instance = statements.add(one, 7);
  expect(statements.find(one)).toBe(instance);
  expect(instance.shape).toBe(7);
  expect(statements.find(statement('a'))).toBeUndefined();
  expect(statements.size).toBe(1);
  expect(statements.remove(one)).toBe(instance);
  expect(statements.remove(one)).toBeUndefined();
  expect(statements.size).toBe(0);
});

test('a new instance counts as checked and used now', () => {
  const before = tickOfStatements();
  const instance = new LinkStatements().add(statement('a'), 0);
  expect(instance.checkedAt).toBeGreaterThan(before);
  expect(instance.usedAt).toBe(instance.checkedAt);
});

test('the oldest is the one that was used least recently', () => {
  const statements = new LinkStatements();
  expect(statements.oldest()).toBeUndefined();
  const [a, b, c] = [statement('a'), statement('b'), statement('c')] as const;
  const first = statements.add(a, 0);
  statements.add(b, 0);
  statements.add(c, 0);
  expect(statements.oldest()).toBe(a);
  first.usedAt = tickOfStatements();
  expect(statements.oldest()).toBe(b);
  statements.remove(b);
  expect(statements.oldest()).toBe(c);
});

test('a preparation that failed takes away its own instance and no later one', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  const failed = statements.add(one, 0);
  const later = statements.add(one, 0);
  statements.removeInstance(failed);
  expect(statements.find(one)).toBe(later);
  statements.removeInstance(later);
  expect(statements.find(one)).toBeUndefined();
});

test('a Close that did not happen brings the instance back', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  const instance = statements.add(one, 0);
  const skipped = statements.closing(one);
  expect(statements.find(one)).toBeUndefined();
  skipped.failed(false);
  expect(statements.find(one)).toBe(instance);
});

test('a Close that was skipped brings nothing back for which another one is under way', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  const instance = statements.add(one, 0);
  const [first, parse] = [statements.closing(one), statements.preparing(one)];
  const second = statements.closing(one);
  // As in a group that has failed: the last first.
  parse.failed(false);
  first.failed(false);
  expect(statements.find(one)).toBeUndefined();
  second.arrived();
  expect(statements.find(one)).toBeUndefined();
  expect(instance.failed).toBe(false);
});

test('of several Closes and Parses that were skipped what was there in front of them is left', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  const instance = statements.add(one, 0);
  const groups = [0, 1].map(() => [statements.closing(one), statements.preparing(one)] as const);
  for (const [close, parse] of groups) {
    parse.failed(false);
    close.failed(false);
  }
  expect(statements.find(one)).toBe(instance);
});

test('what DEALLOCATE ALL has taken away does not come back with a Close that did not happen', () => {
  const statements = new LinkStatements();
  const [one, other] = [statement('a'), statement('b')];
  statements.add(one, 0);
  const skipped = statements.closing(one);
  const parsed = statements.preparing(other);
  const skippedToo = statements.closing(other);
  statements.dropped();
  parsed.arrived();
  skippedToo.failed(false);
  skipped.failed(false);
  expect(statements.find(one)).toBeUndefined();
  expect(statements.find(other)).toBeDefined();
});

test('what DEALLOCATE ALL has taken away does not come back behind a Parse that fails', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  statements.add(one, 0);
  const first = statements.closing(one);
  const parse = statements.preparing(one);
  // The Close was skipped, so that the first is there still; then all is dropped.
  first.failed(false);
  statements.dropped();
  parse.failed(false);
  expect(statements.find(one)).toBeUndefined();
});

test('distrust leaves what is prepared where it is, and takes away the belief in it', () => {
  const statements = new LinkStatements();
  const instances = ['a', 'b'].map((name) => statements.add(statement(name), 0));
  statements.distrust();
  expect(instances.map(({ checkedAt }) => checkedAt)).toEqual([0, 0]);
  expect(statements.size).toBe(2);
});

test('after DEALLOCATE ALL nothing is left but the unnamed statement', () => {
  const statements = new LinkStatements();
  const one = statement('a');
  statements.add(one, 0);
  statements.unnamed.settle(one, 5);
  statements.strays.push({ name: Buffer.from('x\0'), isThere: true, pending: 0 });
  statements.clear();
  expect(statements.size).toBe(0);
  expect(statements.unnamed.isNone(statements.group)).toBe(false);
  expect(statements.strays).toEqual([]);
});
