import { readFileSync } from 'node:fs';
import path from 'node:path';
import { FINDINGS, fine, found } from '../../src/doctor/findings';
import { exitCode, jsonReport, textReport } from '../../src/doctor/report';

const WELL = fine('server', 'server a:5432', 'connected');
const NOTE = found('no-admin', 'admin_users', 'is empty');
const BAD = found('unreachable', 'server b:5432', 'refused');

test('the worst stands first, with what to do about it, and the counts last', () => {
  expect(textReport([WELL, NOTE, BAD]).split('\n')).toEqual([
    'problem  server b:5432: refused [unreachable]',
    `         -> ${FINDINGS.unreachable.advice}`,
    'note     admin_users: is empty [no-admin]',
    `         -> ${FINDINGS['no-admin'].advice}`,
    'ok       server a:5432: connected [server]',
    '1 problem, 0 warnings, 1 note, 1 ok',
    '',
  ]);
});

test('only a problem is a failure', () => {
  expect(exitCode([WELL, NOTE])).toBe(0);
  expect(exitCode([WELL, BAD])).toBe(1);
});

test('what a server says cannot do anything to the terminal', () => {
  const text = textReport([fine('login', 'server \u001b[2J', 'PostgreSQL \u009b31m\u202e18\r\n')]);
  expect(text).toBe(
    'ok       server ?[2J: PostgreSQL ?31m?18?? [login]\n0 problems, 0 warnings, 0 notes, 1 ok\n',
  );
});

test('for programs it is one object', () => {
  expect(JSON.parse(jsonReport([WELL, BAD]))).toEqual({
    counts: { problem: 1, warning: 0, note: 0, ok: 1 },
    diagnoses: [BAD, JSON.parse(JSON.stringify(WELL))],
  });
});

test('docs/doctor.md has every finding, as it is', () => {
  const file = path.join(__dirname, '..', '..', '..', '..', 'docs', 'doctor.md');
  const rows = readFileSync(file, 'utf8').split('\n');
  const expected = Object.entries(FINDINGS).map(
    ([name, { verdict, means, advice }]) => `| \`${name}\` | ${verdict} | ${means} | ${advice} |`,
  );
  expect(rows.filter((row) => row.startsWith('| `')).sort()).toEqual(expected.sort());
});
