import type { SwitchoverAnswer } from '@pgweir/control';
import { isAlive, waitFor } from '@pgweir/testkit';
import { DemoteCommand } from '../../src/health/demote-command';
import { systemClock } from '../../src/runtime/system-clock';

const HANDOVER = {
  database: 'app',
  primary: { host: 'db1', port: 5432 },
  target: { host: '/run/pg "2"', port: 5433 },
};

/** Runs a command. @returns what came of it, and what it said */
async function demote(
  command: string,
  deadlineMs = 20_000,
): Promise<{ answer: SwitchoverAnswer; said: readonly string[]; tookMs: number }> {
  const said: string[] = [];
  const hear = (level: string) => (message: string, fields?: object) => {
    said.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log = {
    error: hear('error'),
    warn: hear('warn'),
    info: hear('info'),
    debug: hear('debug'),
  };
  const demoter = new DemoteCommand({ command, clock: systemClock, log });
  expect(demoter.obstacle()).toBeUndefined();
  const startedMs = performance.now();
  const answer = await demoter.demote(HANDOVER, deadlineMs);
  return { answer, said, tookMs: performance.now() - startedMs };
}

test('without a command there is an obstacle, and nothing is done', async () => {
  const quiet = () => undefined;
  const log = { error: quiet, warn: quiet, info: quiet, debug: quiet };
  const demoter = new DemoteCommand({ command: undefined, clock: systemClock, log });
  expect(demoter.obstacle()).toMatch(/set demote_command, or patroni/);
  expect(await demoter.demote(HANDOVER, 1)).toMatchObject({ kind: 'refused' });
});

test('it knows what is handed over, and what it says is in the log', async () => {
  const { answer, said } = await demote(
    'printf "%s|" "$PGWEIR_DATABASE" "$PGWEIR_PRIMARY_HOST" "$PGWEIR_PRIMARY_PORT" ' +
      '"$PGWEIR_TARGET_HOST" "$PGWEIR_TARGET_PORT"; echo oops >&2',
  );
  expect(answer).toEqual({ kind: 'done' });
  expect(said.toSorted()).toEqual([
    `info demote_command says ${JSON.stringify({ line: 'app|db1|5432|/run/pg "2"|5433|' })}`,
    'warn demote_command says {"line":"oops"}',
  ]);
});

test.each([
  ['exit 3', 'demote_command ended with 3'],
  ['kill -9 $$', 'demote_command ended with SIGKILL'],
  ['no-such-program-anywhere', 'demote_command ended with 127'],
])('after "%s" nobody knows what it has done', async (command, reason) => {
  expect((await demote(command)).answer).toEqual({ kind: 'unknown', reason });
});

test('one that takes too long is ended, with all that it has started', async () => {
  const { answer, said } = await demote('sleep 600 & echo $!; wait', 300);
  const reason = 'demote_command took longer than 0.3 s and was ended';
  expect(answer).toEqual({ kind: 'unknown', reason });
  const pid = Number(/"(\d+)"/.exec(said.join())?.[1]);
  await waitFor(() => !isAlive(pid), { what: 'what it has started to end' });
});

test('one that does not want to end is killed', async () => {
  const { answer, tookMs } = await demote("trap '' TERM; while :; do sleep 0.1; done", 200);
  expect(answer).toMatchObject({ kind: 'unknown' });
  expect(tookMs).toBeLessThan(5_000);
});

test('what it leaves running, with its output open, is not waited for', async () => {
  const { answer, said, tookMs } = await demote('sleep 5 & echo $!');
  expect(answer).toEqual({ kind: 'done' });
  expect(tookMs).toBeLessThan(4_000);
  const pid = Number(/"(\d+)"/.exec(said.join())?.[1]);
  expect(isAlive(pid)).toBe(true);
  process.kill(pid);
});
