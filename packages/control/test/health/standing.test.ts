import { whyOutOfService } from '../../src/health/standing';
import { DOWN, RECOVERING, SUSPECT, UP } from '../kit/knowledge';

test.each([
  ['up', UP, undefined],
  ['suspect', SUSPECT, undefined],
  ['recovering', RECOVERING, 'answers again, 1 of 2 times'],
  ['down', DOWN, 'down: refused'],
])('a server that is %s is out of service because: %p', (_, health, reason) => {
  expect(whyOutOfService({ health, banned: false })).toBe(reason);
});

test.each([UP, SUSPECT, RECOVERING, DOWN])('a ban is over every state', (health) => {
  expect(whyOutOfService({ health, banned: true })).toBe('banned by an operator');
});
