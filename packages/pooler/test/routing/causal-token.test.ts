import fc from 'fast-check';
import { causalTokenText, parseCausalToken } from '../../src/routing/causal-token';

test('a token is written as it is read', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }),
      fc.integer({ min: 1, max: 0xffffffff }),
      fc.maxSafeNat(),
      (system, timeline, position) => {
        const token = { systemIdentifier: String(system), timeline, position };
        expect(parseCausalToken(causalTokenText(token))).toEqual(token);
      },
    ),
  );
});

test.each([
  '',
  'off',
  '16/B374D848',
  '77/1/16/B374D848/',
  ' 77/1/16/B374D848',
  '77/1/16/B374D848\n',
  '77/0/16/B374D848',
  '0/1/16/B374D848',
  '-7/1/16/B374D848',
  '077/1/16/B374D848',
  '77/4294967296/0/1',
  '77/1/200000/0',
  '77/1/G/0',
  '77/1/000000016/0',
  '77/1//0',
  "77/1/0/0'; DROP TABLE t",
])('%j is no token', (text) => {
  expect(parseCausalToken(text)).toBeUndefined();
});
