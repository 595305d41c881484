import { execFileSync } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HandClock, waitFor } from '@pgweir/testkit';
import { FileStore } from '../../src/secrets/file-store';
import { FileTurns } from '../../src/secrets/file-turns';

const NEVER = new AbortController().signal;
let folder: string;
let clock: HandClock;
const turns = new FileTurns();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pgweir-file-store-'));
  clock = new HandClock();
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function storeOf(name: string): FileStore {
  return new FileStore(join(folder, name), { clock, turns });
}

test('what a file says is its current version, and there are no others', async () => {
  await writeFile(join(folder, 'secret'), 'top');
  const store = storeOf('secret');
  expect(await store.read('current', NEVER)).toMatchObject({
    ...{ kind: 'read', version: { text: 'top' } },
  });
  expect(await store.read('previous', NEVER)).toEqual({ kind: 'none' });
});

test('a file that is replaced is noticed, until nobody wants to know', async () => {
  await writeFile(join(folder, 'secret'), 'top');
  let changes = 0;
  const leave = storeOf('secret').watch(() => changes++);
  const replace = async (): Promise<boolean> => {
    await writeFile(join(folder, 'next'), 'other');
    await rename(join(folder, 'next'), join(folder, 'secret'));
    clock.advance(500);
    return changes > 0;
  };
  await waitFor(replace, { what: 'the change to be seen' });
  leave();
  expect(clock.pending).toBe(0);
});

test('what is no regular file is of no use, and a pipe without a writer keeps nobody', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const pipe = storeOf('pipe');
  const unusable = { kind: 'failed', why: 'unusable', reason: 'it is not a regular file' };
  for (let i = 0; i < 8; i++) expect(await pipe.read('current', NEVER)).toEqual(unusable);
  expect(await storeOf('.').read('current', NEVER)).toEqual(unusable);
});

test('while a reading has not returned no other one of the same file begins', async () => {
  await writeFile(join(folder, 'secret'), 'top');
  const held = new HeldTurns();
  const store = new FileStore(join(folder, 'secret'), { clock, turns: held });
  const first = store.read('current', NEVER);
  expect(await store.read('current', NEVER)).toMatchObject({ kind: 'failed', why: 'unreachable' });
  expect(held.taken).toBe(1);
  held.release();
  expect(await first).toMatchObject({ kind: 'read' });
  expect(await store.read('current', NEVER)).toMatchObject({ kind: 'read' });
});

test('files that hang have two turns, and whoever has given up meanwhile none', async () => {
  const own = new FileTurns();
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const job = (name: string) => async () => {
    begun.push(name);
    await new Promise<void>((resolve) => ends.push(resolve));
    return name;
  };
  const given = new AbortController();
  const all = [
    own.take(job('a'), NEVER),
    own.take(job('b'), NEVER),
    own.take(job('c'), given.signal),
    own.take(job('d'), NEVER),
  ];
  given.abort();
  expect(begun).toEqual(['a', 'b']);
  ends[0]?.();
  expect(await all[2]).toBeUndefined();
  await waitFor(async () => begun.length === 3, { what: 'the next turn' });
  expect(begun).toEqual(['a', 'b', 'd']);
  for (const end of ends) end();
  expect(await Promise.all(all)).toEqual(['a', 'b', undefined, 'd']);
});

/** A mount that hangs until it is let go. */
class HeldTurns extends FileTurns {
  taken = 0;
  release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  override async take<Result>(
    job: () => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result | undefined> {
    this.taken++;
    await this.#released;
    return await super.take(job, signal);
  }
}
