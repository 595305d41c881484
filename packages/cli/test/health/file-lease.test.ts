import { fork } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from '@pgweir/testkit';
import { FileLease } from '../../src/health/file-lease';
import { systemClock } from '../../src/runtime/system-clock';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const open: FileLease[] = [];
const CHOICE = { systemIdentifier: '7', timeline: 3, target: 'b:5432' };

afterEach(async () => {
  for (const lease of open.splice(0)) await lease.close();
});

function leaseOf(file: string, holder: string, said: string[] = []): FileLease {
  const say = (message: string, fields?: object) =>
    said.push(`${message} ${JSON.stringify(fields)}`);
  const log = { error: say, warn: say, info: say, debug: say };
  const lease = new FileLease({ path: file, holder, clock: systemClock, log });
  open.push(lease);
  lease.start();
  return lease;
}

const place = (name: string): string => path.join(directory.path, name);

test('one has it, for as long as it likes; given back, another one gets it', async () => {
  const file = place('one');
  const said: string[] = [];
  const first = leaseOf(file, 'first', said);
  const second = leaseOf(file, 'second', said);
  expect(first.standing).toEqual({ kind: 'held' });
  expect(first.leftMs).toBe(Number.POSITIVE_INFINITY);
  expect(second.standing).toEqual({ kind: 'elsewhere', holder: 'first' });
  expect(second.leftMs).toBe(0);
  await first.close();
  expect(first.leftMs).toBe(0);
  await waitFor(() => second.leftMs > 0, { what: 'the other one to have it' });
  expect(readFileSync(file, 'utf8')).toBe('{"holder":"second"}\n');
  expect(said.map((line) => line.replace(/ \{.*/, ''))).toEqual([
    'the lease to promote is held',
    'the lease to promote is held elsewhere',
    'the lease to promote is held',
  ]);
});

test('the kernel takes it from a process that is killed, and not from one that is stopped', async () => {
  const file = place('other');
  const program = place('holder.cjs');
  const source = path.join(__dirname, '../../dist/system-calls/file-lock.js');
  writeFileSync(
    program,
    `const { openSync } = require('node:fs');
     const { lockFile } = require(${JSON.stringify(source)});
     process.send(lockFile(openSync(${JSON.stringify(file)}, 'a+')));
     setInterval(() => undefined, 1000);`,
  );
  const child = fork(program);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  try {
    expect(await new Promise((resolve) => child.once('message', resolve))).toBe(true);
    child.kill('SIGSTOP');
    const lease = leaseOf(file, 'us');
    await lease.renew();
    expect(lease.standing).toMatchObject({ kind: 'elsewhere' });
    child.kill('SIGKILL');
    await waitFor(() => lease.leftMs > 0, { what: 'the lock to be free' });
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
});

test('a file that is not the one that was locked is worth nothing, and is noticed at once', async () => {
  const file = place('moved');
  const first = leaseOf(file, 'first');
  renameSync(file, `${file}.old`);
  expect(first.leftMs).toBe(0);
  expect(await first.choose(CHOICE)).toEqual({ kind: 'failed', reason: 'the lease is not held' });
  const second = leaseOf(file, 'second');
  expect(second.standing).toEqual({ kind: 'held' });
  await first.renew();
  expect(first.standing).toEqual({ kind: 'elsewhere', holder: 'second' });
  rmSync(file);
  await waitFor(() => first.leftMs + second.leftMs > 0, { what: 'one to have a new one' });
  expect([first.leftMs, second.leftMs].sort()).toEqual([0, Number.POSITIVE_INFINITY]);
});

test('where there can be no file the reason is said', () => {
  const said: string[] = [];
  const lease = leaseOf(place('no/such/folder'), 'us', said);
  expect(lease.standing).toMatchObject({ reason: expect.stringMatching(/folder: no such file$/) });
  expect(said).toEqual([
    expect.stringMatching(/^the lease to promote cannot be had.*folder: no such file/),
  ]);
});

test('choices stay, and bind whoever comes after', async () => {
  const file = place('choices');
  const first = leaseOf(file, 'first');
  const second = leaseOf(file, 'second');
  expect(await second.choose(CHOICE)).toMatchObject({ kind: 'failed' });
  expect(await first.chosen('7')).toBeUndefined();
  expect(await first.choose(CHOICE)).toEqual({ kind: 'chosen' });
  await first.close();
  await waitFor(() => second.leftMs > 0, { what: 'the other one to have it' });
  const other = { ...CHOICE, target: 'c:5432' };
  expect(await second.choose(other)).toEqual({ kind: 'taken', before: CHOICE });
  expect(await second.choose({ ...other, timeline: 4 })).toEqual({ kind: 'chosen' });
  expect(await second.chosen('7')).toEqual({ ...other, timeline: 4 });
  writeFileSync(second.choicePlace('7'), 'scribble');
  await expect(second.chosen('7')).rejects.toThrow(/what stands in .* is no choice of ours/);
  expect(await second.choose(CHOICE)).toMatchObject({ kind: 'failed' });
});
