import { mayBe } from '../../src/aws/iam-map';
import { readIamMapFile } from '../../src/config/access/iam-map-file';
import { Findings } from '../../src/config/finding';

const SESSIONS = 'arn:aws:sts::123456789012:assumed-role';

/** `line: message` of every problem. */
function problems(text: string): readonly string[] {
  const findings = new Findings();
  readIamMapFile(text, 'iam.map', findings);
  return findings.of('problem').map(({ line, message }) => `${line}: ${message}`);
}

/** Which of `users` someone with this ARN may be, as the map `m` of the lines says. */
function allowed(lines: string, arn: string, users: readonly string[]): readonly string[] {
  const findings = new Findings();
  const map = readIamMapFile(lines, 'iam.map', findings).get('m');
  if (map === undefined) throw new Error(JSON.stringify(findings.of('problem')));
  return users.filter((user) => mayBe(arn, user, map));
}

const USERS = ['app', 'ann', 'app-ann', 'postgres', ''];

test.each([
  ['a role, whatever its session', `m ${SESSIONS}/app/* app`, `${SESSIONS}/app/i-1`, ['app']],
  ['another role', `m ${SESSIONS}/app/* app`, `${SESSIONS}/apps/i-1`, []],
  ['a role with another case', `m ${SESSIONS}/app/* app`, `${SESSIONS}/App/i-1`, []],
  [
    'a role in another account',
    `m ${SESSIONS}/app/* app`,
    `${SESSIONS.replace('12:', '13:')}/app/i`,
    [],
  ],
  [
    'a role in another partition',
    `m ${SESSIONS}/app/* app`,
    `${SESSIONS.replace('aws', 'aws-cn')}/app/i`,
    [],
  ],
  ['a role without a session', `m ${SESSIONS}/app/* app`, `${SESSIONS}/app/`, []],
  ['a deeper path', `m ${SESSIONS}/app/* app`, `${SESSIONS}/app/i/x`, []],
  ['roles of a pattern', `m ${SESSIONS}/app-*-prod/* app`, `${SESSIONS}/app-x-prod/i`, ['app']],
  ['roles not of a pattern', `m ${SESSIONS}/app-*-prod/* app`, `${SESSIONS}/app-prod/i`, []],
  ['a role that is the ends of a pattern', `m ${SESSIONS}/a*a/* app`, `${SESSIONS}/a/i`, []],
  ['what the star matches', `m ${SESSIONS}/db-*/* \\1`, `${SESSIONS}/db-ann/i`, ['ann']],
  [
    'what the star matches, with text',
    `m ${SESSIONS}/db-*/* app-\\1`,
    `${SESSIONS}/db-ann/i`,
    ['app-ann'],
  ],
  ['a star that matches nothing', `m ${SESSIONS}/db-*/* \\1`, `${SESSIONS}/db-/i`, []],
  ['a quoted \\1', `m ${SESSIONS}/db-*/* "\\1"`, `${SESSIONS}/db-ann/i`, []],
  [
    'a session that is fixed',
    `m ${SESSIONS}/sso/*@x.org \\1 session-is-fixed`,
    `${SESSIONS}/sso/ann@x.org`,
    ['ann'],
  ],
  [
    'another fixed session',
    `m ${SESSIONS}/sso/ann app session-is-fixed`,
    `${SESSIONS}/sso/bob`,
    [],
  ],
  [
    'a user of IAM',
    'm arn:aws:iam::123456789012:user/team/ann ann',
    'arn:aws:iam::123456789012:user/team/ann',
    ['ann'],
  ],
  [
    'another path',
    'm arn:aws:iam::123456789012:user/ann ann',
    'arn:aws:iam::123456789012:user/team/ann',
    [],
  ],
  [
    'root, which is named',
    'm arn:aws:iam::123456789012:root app',
    'arn:aws:iam::123456789012:root',
    ['app'],
  ],
  ['root, which is not', `m ${SESSIONS}/*/* all`, 'arn:aws:iam::123456789012:root', []],
  ['all', `m ${SESSIONS}/dba/* all`, `${SESSIONS}/dba/i`, USERS],
  ['a quoted all', `m ${SESSIONS}/dba/* "all"`, `${SESSIONS}/dba/i`, []],
  [
    'several lines',
    `m ${SESSIONS}/x/* ann # one\n\nm ${SESSIONS}/*/* app`,
    `${SESSIONS}/x/i`,
    ['app', 'ann'],
  ],
  ['a line of another map', `m ${SESSIONS}/y/* app\nn ${SESSIONS}/x/* ann`, `${SESSIONS}/x/i`, []],
  ['a federated user', `m ${SESSIONS}/*/* all`, 'arn:aws:sts::123456789012:federated-user/app', []],
])('%s', (_, lines, arn, users) => {
  expect(allowed(lines, arn, USERS)).toEqual(users);
});

test.each([
  ['m', 'the ARN is missing'],
  [`m ${SESSIONS}/a/*`, 'the name of the user is missing'],
  [`m ${SESSIONS}/a/* x y`, '"y" is not understood; accepted behind the user: session-is-fixed'],
  [`m ${SESSIONS}/a/* x session-is-fixed y`, 'nothing may stand behind session-is-fixed'],
  [`m ${SESSIONS}/a/* ""`, 'a name is empty'],
  ['m ann ann', /^"ann" is no ARN of an identity; accepted: /],
  ['m arn:aws:s3:::bucket ann', /is no ARN of an identity/],
  [
    `m ${SESSIONS.replace('123456789012', '*')}/a/* x`,
    'the account "*" is not 12 digits: everybody who has an account at AWS can sign',
  ],
  [`m ${SESSIONS.replace('2:', '*:')}/a/* x`, /^the account "12345678901\*" is not 12 digits/],
  ['m arn:aws:iam:::user/ann ann', /^the account "" is not 12 digits/],
  [`m ${SESSIONS}/a/i-1 x`, /^whoever assumes the role chooses the name of the session/],
  [`m ${SESSIONS}/a/i-* x`, /^whoever assumes the role chooses/],
  [`m ${SESSIONS}/a x`, /is no ARN of a kind that is known/],
  [`m ${SESSIONS}/a/b/* x`, /is no ARN of a kind that is known/],
  [`m ${SESSIONS}/a*b*/* x`, '"a*b*": there may be one *'],
  [`m ${SESSIONS}/a?/* x`, '"a?" is no name in an ARN'],
  [
    'm arn:aws:iam::123456789012:role/team/app app',
    `sessions of a role are written without its path: ${SESSIONS}/app/*`,
  ],
  ['m arn:aws:iam::123456789012:user/* ann', '* may stand in names of roles only'],
  ['m arn:aws:iam::123456789012:user/ ann', /is no ARN of a kind that is known/],
  [
    'm arn:aws:iam::123456789012:user/ann ann session-is-fixed',
    'session-is-fixed means something with assumed-role only',
  ],
  ['m arn:aws:sts::123456789012:federated-user/ann ann', /is no ARN of a kind that is known/],
  [`m ${SESSIONS}/a/* \\1`, /^\\1 stands for what one \* has matched/],
  [`m ${SESSIONS}/a-*/* \\1\\1`, /^\\1 stands for what one \* has matched/],
  [`m ${SESSIONS}/a-*/*@x \\1 session-is-fixed`, /^\\1 stands for what one \* has matched/],
  ['m arn:aws:iam::123456789012:user/ann \\1', /^\\1 stands for what one \* has matched/],
  [`m ${SESSIONS}/a/* +dba`, '"+dba": roles are not asked for members'],
  [`m ${SESSIONS}/a/* /^x`, '"/^x": regular expressions are not supported'],
])('%s is a problem, with its line', (line, message) => {
  const good = `m ${SESSIONS}/good/* app`;
  const [problem = '', ...more] = problems(`# a comment\n${line}\n${good}`);
  expect(more).toEqual([]);
  expect(problem.slice(0, 3)).toBe('2: ');
  if (typeof message === 'string') expect(problem.slice(3)).toBe(message);
  else expect(problem.slice(3)).toMatch(message);
});
