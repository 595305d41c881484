import { serverOn, waitFor } from '@pgweir/testkit';
import { onOwnStage } from './support/own-stage';
import { SwitchoverStage, whereIs } from './support/switchover-stage';
import './support/all-loaded';

const alone = onOwnStage(SwitchoverStage.open);

test.concurrent(
  'switchover_timeout ends it when a client does not: everything goes on as before',
  alone(async (open) => {
    const on = await open({ settings: { switchover_timeout: 2 } });
    const [app, other] = [await on.client('app'), await on.client('app')];
    await app.query('BEGIN');
    await app.query("INSERT INTO ledger VALUES ('begun')");
    const outcome = on.switchOver();
    await on.untilFailoverIs('switching');
    const waited = other.query("INSERT INTO ledger VALUES ('waited')");
    expect(await on.switchOver()).toBe('a switchover is under way');
    expect(await outcome).toMatch(
      /^switchover called off: clients still had 1 of its connections in use .* 2 s/,
    );
    await waited;
    await app.query('COMMIT');
    expect(on.desk.asked).toEqual([]);
    expect(await whereIs(app)).toBe(on.cluster.primary.port);
    expect(await on.planned()).toMatchObject([{ outcome: 'called off' }]);
  }),
);

test.concurrent(
  'what stands in its way is said before anything is held',
  alone(async (open) => {
    const on = await open({ hasNoCommand: true });
    expect(await on.switchOver()).toMatch(
      /^switchover called off: nobody could demote the primary/,
    );
    expect(await on.switchOver(on.cluster.primary)).toMatch(/is primary already/);
    expect(await on.switchOver({ port: 1 })).toBe('database "app" has no server "127.0.0.1:1"');
    const console = await on.client('pgweir');
    await expect(console.query('SWITCHOVER nowhere TO x')).rejects.toThrow('no such database');
    await expect(console.query('SET demote_command = true')).rejects.toThrow('SET failed');
    expect(on.daemon.log()).toMatch(/demote_command can only be changed in a file/);
    expect(await on.planned()).toEqual([]);
  }),
);

test.concurrent(
  'whoever asks the servers has to be allowed to promote one',
  alone(async (open) => {
    const on = await open();
    await on.cluster.primary.query('REVOKE EXECUTE ON FUNCTION pg_promote FROM app');
    const mayPromote =
      "SELECT has_function_privilege('app', 'pg_promote(bool, int)', 'execute') AS may";
    await waitFor(async () => (await on.target.query(mayPromote))[0]?.may === false, {
      what: 'that to reach the replica',
    });
    expect(await on.switchOver()).toMatch(/may not promote 127.0.0.1:\d+: GRANT EXECUTE/);
    expect(on.desk.asked).toEqual([]);
  }),
);

test.concurrent(
  'demote_command that fails: the primary stays, and nobody sees an error',
  alone(async (open) => {
    const on = await open({ demote: () => Promise.reject(new Error('not today')) });
    await on.startLoad(3);
    await on.untilWorked();
    expect(await on.switchOver()).toMatch(/is primary still: demote_command ended with 1$/);
    await on.untilWorked();
    expect(await on.stopLoad(on.cluster.primary)).toEqual([]);
    expect(on.daemon.log()).toMatch(/WARNING demote_command says line="Error: not today"/);
  }),
);

test.concurrent(
  'demote_timeout ends a command that does not come back',
  alone(async (open) => {
    const on = await open({
      demote: () => new Promise(() => undefined),
      settings: { demote_timeout: 0.5 },
    });
    expect(await on.switchOver()).toMatch(/demote_command took longer than 0.5 s and was ended$/);
    expect(await whereIs(await on.client('app'))).toBe(on.cluster.primary.port);
  }),
);

test.concurrent(
  'a primary that is gone without a word of it: nobody is promoted, and the log says what to do',
  alone(async (open) => {
    const on = await open({
      demote: async (ask, cluster) => {
        await serverOn(cluster, ask.PRIMARY_PORT).kill();
        throw new Error('out of order');
      },
    });
    const app = await on.client('app');
    const outcome = await on.switchOver();
    expect(outcome).toMatch(/^switchover not finished: nobody knows whether .* was demoted/);
    expect(outcome).toMatch(/promote 127.0.0.1:\d+, or start 127.0.0.1:\d+ as primary again/);
    expect(on.daemon.log()).toMatch(/ERROR switchover to .*: not finished/);
    const waited = app.query("INSERT INTO ledger VALUES ('waited')");
    await on.target.promote();
    await waited;
    expect(await on.planned()).toMatchObject([{ outcome: 'promoted' }]);
  }),
);
