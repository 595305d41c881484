import * as fc from 'fast-check';
import { LocalLinkBudget } from '../../src/pool/local-budget';
import type {
  BudgetAnswer,
  LinkHolder,
  LinkWant,
  PendingWant,
  Permit,
} from '../../src/ports/link-budget';
import { databaseName, poolKey, userName } from '../../src/ports/names';

function want(
  database: string,
  user: string,
  limits: Partial<Pick<LinkWant, 'poolLinksMax' | 'databaseLinksMax' | 'userLinksMax'>> = {},
): LinkWant {
  return {
    pool: poolKey(databaseName(database), userName(user)),
    database: databaseName(database),
    user: userName(user),
    poolLinksMax: 0,
    databaseLinksMax: 0,
    userLinksMax: 0,
    ...limits,
  };
}

/** Somebody who asked, and what became of it. */
class Asker {
  readonly answers: BudgetAnswer['kind'][] = [];
  permit: Permit | undefined;
  pending: PendingWant;

  constructor(budget: LocalLinkBudget, wanted: LinkWant, log: Asker[] = []) {
    this.pending = budget.request(wanted, (answer) => {
      this.answers.push(answer.kind);
      if (answer.kind !== 'granted') return;
      this.permit = answer.permit;
      log.push(this);
    });
  }
}

class Holder implements LinkHolder {
  readonly pool;
  readonly database;
  readonly user;
  idleSinceMs: number | undefined;
  gaveUp = 0;
  yielded = 0;
  kept = 0;

  constructor(wanted: LinkWant, idleSinceMs: number | undefined) {
    this.pool = wanted.pool;
    this.database = wanted.database;
    this.user = wanted.user;
    this.idleSinceMs = idleSinceMs;
  }

  longestIdleSinceMs(): number | undefined {
    return this.idleSinceMs;
  }

  giveUpIdleLink(): boolean {
    if (this.idleSinceMs === undefined) return false;
    this.idleSinceMs = undefined;
    this.gaveUp++;
    return true;
  }

  keepYieldedLink(): void {
    this.kept++;
  }

  yieldLink(): void {
    this.yielded++;
  }
}

test.each([
  ['pool', { poolLinksMax: 2 }, ['a', 'u'], ['a', 'u']],
  ['database', { databaseLinksMax: 2 }, ['a', 'u'], ['a', 'v']],
  ['user', { userLinksMax: 2 }, ['a', 'u'], ['b', 'u']],
] as const)('the limit of a %s holds', (_name, limits, first, second) => {
  const budget = new LocalLinkBudget();
  const held = [
    new Asker(budget, want(first[0], first[1], limits)),
    new Asker(budget, want(second[0], second[1], limits)),
  ];
  const third = new Asker(budget, want(second[0], second[1], limits));
  expect(held.map(({ answers }) => answers)).toEqual([['granted'], ['granted']]);
  expect(third.answers).toEqual(['wait']);
  expect(budget.total).toBe(2);
  held[0]?.permit?.release();
  expect(third.answers).toEqual(['wait', 'granted']);
  expect(budget.total).toBe(2);
});

test('0 means no limit', () => {
  const budget = new LocalLinkBudget();
  for (let i = 0; i < 1000; i++) new Asker(budget, want('a', 'u'));
  expect(budget.total).toBe(1000);
});

test('wants of one pool are granted in order of arrival', () => {
  const budget = new LocalLinkBudget();
  const limit = { poolLinksMax: 1 };
  const granted: Asker[] = [];
  const askers = [1, 2, 3, 4].map(() => new Asker(budget, want('a', 'u', limit), granted));
  for (let i = 0; i < 3; i++) granted[i]?.permit?.release();
  expect(granted).toEqual(askers);
});

test('a want that is blocked by its own limit does not block others', () => {
  const budget = new LocalLinkBudget();
  new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  const blocked = new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  const other = new Asker(budget, want('b', 'u', { poolLinksMax: 1 }));
  expect(blocked.answers).toEqual(['wait']);
  expect(other.answers).toEqual(['granted']);
});

test('of the wants under one limit the pool with the fewest links is served first', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 3 };
  const rich = [1, 2, 3].map(() => new Asker(budget, want('a', 'rich', limit)));
  const richAgain = new Asker(budget, want('a', 'rich', limit));
  const poor = new Asker(budget, want('a', 'poor', limit));
  rich[0]?.permit?.release();
  expect(poor.answers).toEqual(['wait', 'granted']);
  expect(richAgain.answers).toEqual(['wait']);
});

test('a want that was withdrawn is not granted any more', () => {
  const budget = new LocalLinkBudget();
  const first = new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  const second = new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  const third = new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  second.pending.withdraw();
  second.pending.withdraw();
  first.permit?.release();
  expect(second.answers).toEqual(['wait']);
  expect(third.answers).toEqual(['wait', 'granted']);
  third.pending.withdraw();
  expect(budget.total).toBe(1);
});

test('a permit that is released twice breaks an invariant', () => {
  const budget = new LocalLinkBudget();
  const asker = new Asker(budget, want('a', 'u'));
  asker.permit?.release();
  expect(() => asker.permit?.release()).toThrow('released twice');
});

test('the longest-idle link of another pool of the same database is evicted', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 2 };
  const holders = [
    new Holder(want('a', 'u1'), 500),
    new Holder(want('a', 'u2'), 300),
    new Holder(want('b', 'u3'), 100),
    new Holder(want('a', 'u4'), undefined),
    new Holder(want('a', 'new'), 50),
  ];
  for (const holder of holders) budget.register(holder);
  const held = [1, 2].map((i) => new Asker(budget, want('a', `u${i}`, limit)));
  const asker = new Asker(budget, want('a', 'new', limit));
  expect(asker.answers).toEqual(['wait']);
  expect(holders.map(({ gaveUp }) => gaveUp)).toEqual([0, 1, 0, 0, 0]);
  held[1]?.permit?.release();
  expect(asker.answers).toEqual(['wait', 'granted']);
});

test('the longest-idle link of the same user in another database is evicted', () => {
  const budget = new LocalLinkBudget();
  const limit = { userLinksMax: 1 };
  const holders = [new Holder(want('a', 'u'), 500), new Holder(want('b', 'v'), 300)];
  for (const holder of holders) budget.register(holder);
  new Asker(budget, want('a', 'u', limit));
  new Asker(budget, want('c', 'u', limit));
  expect(holders.map(({ gaveUp }) => gaveUp)).toEqual([1, 0]);
});

test('nobody is evicted for a want that is blocked by its own pool', () => {
  const budget = new LocalLinkBudget();
  const holder = new Holder(want('a', 'v'), 500);
  budget.register(holder);
  new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  new Asker(budget, want('a', 'u', { poolLinksMax: 1 }));
  expect(holder.gaveUp).toBe(0);
});

test('a link that becomes idle while another pool waits is evicted, one at a time', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 2 };
  const holder = new Holder(want('a', 'u'), undefined);
  const leave = budget.register(holder);
  const held = [1, 2].map(() => new Asker(budget, want('a', 'u', limit)));
  const askers = [1, 2].map(() => new Asker(budget, want('a', 'new', limit)));
  for (let i = 0; i < 2; i++) {
    holder.idleSinceMs = 1;
    budget.idleAvailable(holder);
  }
  expect(holder.gaveUp).toBe(1);
  held[0]?.permit?.release();
  expect(askers.map(({ answers }) => answers.length)).toEqual([2, 1]);
  const gaveUp = holder.gaveUp;
  leave();
  holder.idleSinceMs = 1;
  held[1]?.permit?.release();
  expect(holder.gaveUp).toBe(gaveUp);
});

test('a starved pool gets a link of the busiest one after some patience', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 2 };
  const holder = new Holder(want('a', 'busy'), undefined);
  budget.register(holder);
  new Asker(budget, want('a', 'busy', limit));
  new Asker(budget, want('a', 'busy', limit));
  const starved = new Asker(budget, want('a', 'starved', limit));
  for (let i = 0; i < 3; i++) budget.relieve();
  expect(holder.yielded).toBe(0);
  budget.relieve();
  expect(holder.yielded).toBe(1);
  for (let i = 0; i < 10; i++) budget.relieve();
  expect(holder.yielded - holder.kept).toBe(1);
  starved.pending.withdraw();
  expect(holder.yielded - holder.kept).toBe(0);
  expect(starved.answers).toEqual(['wait']);
});

interface Step {
  readonly kind: 'ask' | 'release' | 'withdraw' | 'relieve';
  readonly database: string;
  readonly user: string;
  readonly nth: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'release', 'withdraw', 'relieve'),
  database: fc.constantFrom('a', 'b', 'c'),
  user: fc.constantFrom('u', 'v', 'w'),
  nth: fc.nat(40),
});

test('no cap is ever passed, and nobody waits who could have a link', () => {
  const limits = fc.record({
    poolLinksMax: fc.nat(4),
    databaseLinksMax: fc.nat(5),
    userLinksMax: fc.nat(5),
  });
  fc.assert(
    fc.property(limits, fc.array(step, { maxLength: 80 }), (caps, steps) => {
      const budget = new LocalLinkBudget();
      const waiting = new Map<Asker, LinkWant>();
      const held = new Map<Asker, LinkWant>();
      for (const { kind, database, user, nth } of steps) {
        if (kind === 'ask') {
          const wanted = want(database, user, caps);
          waiting.set(new Asker(budget, wanted), wanted);
        } else if (kind === 'release') {
          const [asker] = [...held.keys()].slice(nth % Math.max(1, held.size));
          if (asker !== undefined) held.delete(asker);
          asker?.permit?.release();
        } else if (kind === 'withdraw') {
          const [asker] = [...waiting.keys()].slice(nth % Math.max(1, waiting.size));
          asker?.pending.withdraw();
          if (asker !== undefined) waiting.delete(asker);
        } else budget.relieve();
        for (const [asker, wanted] of waiting) {
          if (asker.permit === undefined) continue;
          waiting.delete(asker);
          held.set(asker, wanted);
        }
        const full = (wanted: LinkWant): boolean => {
          const count = (same: (other: LinkWant) => boolean): number =>
            [...held.values()].filter(same).length;
          const pool = count((other) => other.pool === wanted.pool);
          const inDatabase = count((other) => other.database === wanted.database);
          const ofUser = count((other) => other.user === wanted.user);
          for (const [used, max] of [
            [pool, caps.poolLinksMax],
            [inDatabase, caps.databaseLinksMax],
            [ofUser, caps.userLinksMax],
          ] as const) {
            if (max > 0) expect(used).toBeLessThanOrEqual(max);
          }
          return (
            (caps.poolLinksMax > 0 && pool >= caps.poolLinksMax) ||
            (caps.databaseLinksMax > 0 && inDatabase >= caps.databaseLinksMax) ||
            (caps.userLinksMax > 0 && ofUser >= caps.userLinksMax)
          );
        };
        for (const wanted of held.values()) full(wanted);
        for (const wanted of waiting.values()) expect(full(wanted)).toBe(true);
        expect(budget.total).toBe(held.size);
      }
    }),
  );
});

test('nobody makes room for a minimum size, and it does not take what was made for others', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 2 };
  const holder = new Holder(want('a', 'u'), 1);
  budget.register(holder);
  const held = [1, 2].map(() => new Asker(budget, want('a', 'u', limit)));
  const spare = new Asker(budget, { ...want('a', 'spare', limit), forMinimum: true });
  for (let i = 0; i < 10; i++) budget.relieve();
  expect([spare.answers, holder.gaveUp, holder.yielded]).toEqual([['wait'], 0, 0]);
  const waiter = new Asker(budget, want('a', 'waiter', limit));
  held[0]?.permit?.release();
  expect([spare.answers, waiter.answers]).toEqual([['wait'], ['wait', 'granted']]);
  held[1]?.permit?.release();
  expect(spare.answers).toEqual(['wait', 'granted']);
});

test('holders with as many links as each other, or one more, do not yield to each other', () => {
  const budget = new LocalLinkBudget();
  const limit = { databaseLinksMax: 3 };
  const rich = new Holder(want('a', 'rich'), undefined);
  budget.register(rich);
  for (const user of ['rich', 'rich', 'poor']) new Asker(budget, want('a', user, limit));
  new Asker(budget, want('a', 'poor', limit));
  for (let i = 0; i < 20; i++) budget.relieve();
  expect(rich.yielded).toBe(0);
});
