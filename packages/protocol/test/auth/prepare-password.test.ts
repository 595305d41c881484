import { parseSecret, passwordMatches } from '../../src';
import { preparePassword } from '../../src/auth/prepare-password';

test('a password is mapped and normalised', () => {
  expect(preparePassword('I\u00adX')).toBe('IX');
  expect(preparePassword('\u2168\u00a0\u00aa')).toBe('IX a');
});

test.each([
  ['ASCII with a control character', 'a\x07b'],
  ['an unassigned character', '\u0221bad'],
  ['a prohibited character among others', 'x\u0080ü'],
  ['mixed directions', '\u06271'],
  ['nothing left after mapping', '\u00ad'],
  ['nothing', ''],
])('a password with %s is used raw', (_, password) => {
  expect(preparePassword(password)).toBe(password);
});

/** Verifiers that PostgreSQL 18.4 made. */
const made: readonly (readonly [string, string])[] = [
  [
    'I\u00adX\u00a0\u2168 \u00fc',
    'SCRAM-SHA-256$4096:ClbaWZsVB82rSV+nQvk6PQ==$0dJhYITU+jI6IudJEjILhDYU3OYmBFo/sMn8hFlHlzM=:FqPULIs38LjhqiZiXY+WnT5s3Hf6gUj8+yt8ooEXIO0=',
  ],
  [
    '\u0221bad',
    'SCRAM-SHA-256$4096:2mfDK9eAqqOc9IStBBpp6Q==$5LpaHZs3LgKf8+JwmSIIHzfdSDGl63CCO8k2UxIzcec=:zjVnmJvxVISHq8HcoHCxJEjlbuiD7DkN1eVPfa8E/sM=',
  ],
  [
    '\u06271',
    'SCRAM-SHA-256$4096:UAgFi+uFBa2ge5YBIK0YHg==$rAKEXSQLpWbooH/w1jmIW2cIMn1Oa44bVbjdYRWHsGU=:MVaKpknEFFoNIUbdZsHizUbD2eOdXO/RQ6MX7Hrfstk=',
  ],
  [
    'a\x07b',
    'SCRAM-SHA-256$4096:D+SZdifIyTMjQllaSubSDA==$3uPHMTAL2sUDPt0tIrZgR0y7jNMWiC4Tf0rY2UFxncA=:5TVJlRnEkfIG7J4K8UYWA1X7VkhTBhuOOeTq5Pp8zsc=',
  ],
  [
    '\u00ad',
    'SCRAM-SHA-256$4096:qMzFyWu/9yuQtuCT/B2mww==$H1/HGgs1lpvDq1GP+EzUwSQORRQPMp624njiAdWWf18=:PmHE2Ao/WmZQd+U71/B1umORyTcPP9CAYEC2UMC4exo=',
  ],
];

test.each(made)('%j is prepared as PostgreSQL prepares it', (password, verifier) => {
  expect(passwordMatches(parseSecret(verifier), 'anybody', password)).toBe(true);
  expect(passwordMatches(parseSecret(verifier), 'anybody', `${password}x`)).toBe(false);
});
