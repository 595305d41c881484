import type { Verdict } from '../../src/routing/read-judge';
import type { Nature } from '../../src/routing/read-proof';
import { type Route, type RouteContext, routeOf } from '../../src/routing/route';
import type { RouteHint } from '../../src/routing/route-hint';

const OUTSIDE: RouteContext = {
  isSerializable: false,
  setting: 'none',
};

const verdict = (nature: Nature, hint: RouteHint = 'none', byGrammar = nature): Verdict => ({
  nature,
  byGrammar,
  hint,
});

describe('without a link', () => {
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

test.each(NATURES)('%s: serializability goes before whatever is asked for', (nature) => {
  for (const hint of HINTS) {
    for (const setting of HINTS) {
      const context = { isSerializable: true, setting };
      expect(routeOf(verdict(nature, hint), context)).toBe('primary');
    }
  }
});
