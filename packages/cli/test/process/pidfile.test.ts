import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  claimPidfile,
  inspectPidfile,
  removePidfile,
  writePidfile,
} from '../../src/process/pidfile';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const pidfile = (): string => directory.file('p.pid');

/** The number of a process that has existed and is gone. */
function deadPid(): number {
  const { pid } = spawnSync(process.execPath, ['-e', '']);
  return pid;
}

test('a pidfile holds the process id and goes away with it', () => {
  writePidfile(pidfile());
  expect(readFileSync(pidfile(), 'utf8')).toBe(`${process.pid}\n`);
  removePidfile(pidfile());
  expect(existsSync(pidfile())).toBe(false);
});

test('a pidfile of a process that is gone is removed', () => {
  writeFileSync(pidfile(), `${deadPid()}\n`);
  expect(inspectPidfile(pidfile()).kind).toBe('stale');
  expect(claimPidfile(pidfile())).toBeUndefined();
  expect(existsSync(pidfile())).toBe(false);
});

test('a pidfile of a living process is left alone', async () => {
  const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  writeFileSync(pidfile(), `${other.pid}\n`);
  expect(claimPidfile(pidfile())).toBe(`pidfile '${pidfile()}' exists, another instance running?`);
  expect(existsSync(pidfile())).toBe(true);
  other.stdin?.end();
  await once(other, 'exit');
});

test('our own number, as after a restart of a container, and an empty file are stale', () => {
  for (const text of [`${process.pid}`, '']) {
    writeFileSync(pidfile(), text);
    expect(inspectPidfile(pidfile()).kind).toBe('stale');
  }
});

test.each(['important notes', '0', '-1', '12 13'])('a file that holds %j is not ours', (text) => {
  writeFileSync(pidfile(), text);
  expect(claimPidfile(pidfile())).toContain('holds something else than a process id');
  expect(readFileSync(pidfile(), 'utf8')).toBe(text);
});

test('writing does not replace the file of somebody who was faster', () => {
  writeFileSync(pidfile(), '1\n');
  expect(() => writePidfile(pidfile())).toThrow('EEXIST');
  removePidfile(pidfile());
  expect(existsSync(pidfile())).toBe(true);
});
