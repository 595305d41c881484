import type { Verdict } from '../../src/routing/read-judge';
import type { Nature } from '../../src/routing/read-proof';
import { type Route, type RouteContext, routeOf } from '../../src/routing/route';
import type { RouteHint } from '../../src/routing/route-hint';

const OUTSIDE: RouteContext = {
  transaction: 'none',
  isPinned: false,
  isSerializable: false,
  setting: 'none',
};

const verdict = (nature: Nature, hint: RouteHint = 'none', byGrammar = nature): Verdict => ({
  nature,
  byGrammar,
  hint,
});

describe('outside of a transaction', () => {
  test.each<[Nature, Route]>([
    ['read', 'replica'],
    ['opener', 'replica'],
    ['local', 'primary'],
    ['other', 'primary'],
  ])('%s: %s', (nature, route) => {
    expect(routeOf(verdict(nature), OUTSIDE)).toBe(route);
  });

  test.each<[RouteHint, RouteHint, Route, Route]>([
    // comment, setting; of a read, of what the catalog does not prove
    ['none', 'none', 'replica', 'primary'],
    ['none', 'primary', 'primary', 'primary'],
    ['none', 'replica', 'replica', 'replica'],
    ['primary', 'none', 'primary', 'primary'],
    ['primary', 'primary', 'primary', 'primary'],
    ['primary', 'replica', 'primary', 'primary'],
    ['replica', 'none', 'replica', 'replica'],
    ['replica', 'primary', 'replica', 'replica'],
    ['replica', 'replica', 'replica', 'replica'],
  ])('comment %s, setting %s: a read to the %s, a volatile function to the %s', (...row) => {
    const [hint, setting, ofRead, ofVolatile] = row;
    const context = { ...OUTSIDE, setting };
    expect(routeOf(verdict('read', hint), context)).toBe(ofRead);
    expect(routeOf(verdict('other', hint, 'read'), context)).toBe(ofVolatile);
  });

  test('no hint brings to a replica what writes by its text', () => {
    expect(routeOf(verdict('other', 'replica'), { ...OUTSIDE, setting: 'replica' })).toBe(
      'primary',
    );
  });

  test('a hint brings to a replica what is about the server', () => {
    expect(routeOf(verdict('local', 'replica'), OUTSIDE)).toBe('replica');
  });
});

const NATURES: readonly Nature[] = ['read', 'local', 'opener', 'other'];
const HINTS: readonly RouteHint[] = ['none', 'primary', 'replica'];

describe.each(NATURES)('%s', (nature) => {
  test.each(HINTS)(
    '%s: a pin, a transaction that may write and serializability go before',
    (hint) => {
      for (const setting of HINTS) {
        for (const transaction of ['none', 'readOnly', 'readWrite'] as const) {
          const context = { ...OUTSIDE, transaction, setting };
          const pinned = { ...context, isPinned: true };
          expect(routeOf(verdict(nature, hint), pinned)).toBe('primary');
          expect(routeOf(verdict(nature, hint), { ...context, isSerializable: true })).toBe(
            'primary',
          );
        }
        const writes = { ...OUTSIDE, transaction: 'readWrite', setting } as const;
        expect(routeOf(verdict(nature, hint), writes)).toBe('primary');
      }
    },
  );

  test('a READ ONLY transaction may be on a replica, whatever is in it', () => {
    const context = { ...OUTSIDE, transaction: 'readOnly' } as const;
    expect(routeOf(verdict(nature), context)).toBe('replica');
    expect(routeOf(verdict(nature), { ...context, setting: 'primary' })).toBe('primary');
  });
});
