import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { systemAccounts } from '../../src/process/accounts';
import { changeUser } from '../../src/process/change-user';

const isRoot = process.getuid?.() === 0;

test('users and groups of the system are found, others are not', () => {
  expect(systemAccounts.user('root')).toEqual({ name: 'root', uid: 0, gid: 0 });
  expect(systemAccounts.group('root') ?? systemAccounts.group('wheel')).toBe(0);
  expect(systemAccounts.user('no-such-user-here')).toBeUndefined();
  expect(systemAccounts.group('-V')).toBeUndefined();
  expect(systemAccounts.user('0')).toBeUndefined();
});

test('becoming an unknown user fails with a reason', () => {
  expect(changeUser('no-such-user-here')).toEqual({
    kind: 'failed',
    why: "user 'no-such-user-here' is not known here",
  });
});

(isRoot ? test : test.skip)('root becomes another user with its groups only (needs root)', () => {
  const script = `
    require('esbuild-register');
    const { changeUser } = require(${JSON.stringify(path.join(__dirname, '../../src/process/change-user'))});
    const result = changeUser('nobody');
    let back = 'refused';
    try { process.setuid(0); back = 'possible'; } catch {}
    console.log(JSON.stringify({ result, uid: process.getuid(), groups: process.getgroups(), back }));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], {
    cwd: path.join(__dirname, '../..'),
    encoding: 'utf8',
  });
  const nobody = systemAccounts.user('nobody');
  const got: unknown = JSON.parse(stdout);
  expect(got).toMatchObject({ result: { kind: 'done' }, uid: nobody?.uid, back: 'refused' });
  expect(got).toMatchObject({ groups: [nobody?.gid] });
});
