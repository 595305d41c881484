import { AwsKeys, startFakeSts, startRdsServer, waitFor } from '@pgweir/testkit';
import { onOwnStage } from './support/own-stage';
import { outcome, RdsStage, type RdsStageOptions } from './support/rds-stage';
import './support/all-loaded';

const also: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const stop of also) await stop();
});

const alone = onOwnStage((options: RdsStageOptions = {}) =>
  RdsStage.open({ ...options, settings: { server_auth: 'iam', ...options.settings } }),
);

/** Each session for itself, so that the test knows how many links there are. */
const SESSIONS = { pool_mode: 'session', default_pool_size: 20 } as const;

/** All that a client hears. */
const NO_TOKEN = '28000 | server login failed: no RDS token could be made';

test.concurrent.each([1, 2])(
  'server_auth = iam with %i worker(s): a token for each link',
  alone(async (open, workers: number) => {
    const { rds, enter, daemon } = bound(await open({ settings: { workers, ...SESSIONS } }));
    const clients = await Promise.all(Array.from({ length: 10 }, () => enter()));
    const users = await Promise.all(
      clients.map(async (client) => (await client.query('SELECT current_user AS u')).rows[0].u),
    );
    expect(users).toEqual(Array.from({ length: 10 }, () => 'app'));
    expect(rds.refusals).toEqual([]);
    expect(rds.iamLogins).toBeGreaterThanOrEqual(10);
    expect(daemon.log()).not.toMatch(/X-Amz|Action=connect/);
  }),
);

test.concurrent(
  'server_auth of a user goes before that of the database, and that before the global one',
  alone(async (open) => {
    const { rds, enter } = bound(
      await open({
        settings: { server_auth: 'password' },
        databases: { shop: '{rds} server_auth=iam', plain: '{rds} dbname=shop' },
        users: { classic: 'server_auth=password', other: 'server_auth=iam' },
      }),
    );
    expect(await outcome(enter('tea', { user: 'app' }))).toBe('in');
    expect(await outcome(enter('tea', { user: 'classic' }))).toBe('in');
    expect(await outcome(enter('tea', { user: 'other', database: 'plain' }))).toBe('in');
    expect(await outcome(enter('tea', { user: 'app', database: 'plain' }))).toMatch(/^28000/);
    expect(rds.logins.map(({ user, isIam, outcome }) => [user, isIam, outcome.kind])).toEqual([
      ['app', true, 'joined'],
      ['classic', false, 'joined'],
      ['other', true, 'joined'],
      ['app', true, 'refused'],
    ]);
  }),
);

test.concurrent(
  'a token that PostgreSQL refuses is not tried over and over, however many clients come',
  alone(async (open) => {
    const { rds, enter, daemon } = bound(await open({ rds: { allows: () => false } }));
    const startMs = Date.now();
    const all = await Promise.all(Array.from({ length: 30 }, () => outcome(enter())));
    for (const one of all) {
      expect(one).toBe('28000 | PAM authentication failed for user "app"');
    }
    const seconds = (Date.now() - startMs) / 1000;
    expect(rds.logins.length).toBeLessThanOrEqual(2 + Math.ceil(seconds));
    expect(rds.refusals[0]).toContain('may not connect as app');
    expect(daemon.log()).not.toMatch(/X-Amz|Action=connect/);
  }),
);

test.concurrent(
  'aws_region that is not the one of the database: refused, with its words',
  alone(async (open) => {
    const { rds, enter } = bound(await open({ settings: { aws_region: 'eu-west-1' } }));
    expect(await outcome(enter())).toBe('28000 | PAM authentication failed for user "app"');
    expect(rds.refusals[0]).toContain('scoped to a valid region');
  }),
);

test.concurrent(
  'aws_region need not be in the environment when the setting has it',
  alone(async (open) => {
    const env = { AWS_REGION: '' };
    const none = await open({ env });
    expect(await outcome(none.enter())).toBe(NO_TOKEN);
    expect(none.daemon.log()).toContain('no RDS token: Region is missing');
    const set = await open({ env, databases: { shop: '{rds} aws_region=us-east-1' } });
    expect(await outcome(set.enter())).toBe('in');
  }),
);

test.concurrent(
  'without credentials clients hear 28000, the log has the reason, and PostgreSQL hears nothing',
  alone(async (open) => {
    const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
    const { daemon, rds, enter } = bound(await open({ env }));
    expect(await outcome(enter())).toBe(NO_TOKEN);
    expect(daemon.log()).toContain(
      'no AWS credentials: Could not load credentials from any providers',
    );
    expect(rds.logins).toEqual([]);
  }),
);

test.concurrent(
  'aws_role_arn is assumed with aws_external_id, once, and again before its session ends',
  alone(async (open) => {
    const { keys, sts, env } = await withSts();
    sts.addRole({ name: 'db', externalId: 'outside-1', sessionLifeMs: 18_000 });
    const role = 'aws_role_arn=arn:aws:iam::123456789012:role/db';
    const one = await open({
      env,
      rds: { keys, allows: (arn) => arn.includes(':assumed-role/db/pgweir') },
      databases: {
        shop: `{rds} ${role} aws_external_id=outside-1`,
        bad: `{rds} dbname=shop ${role}`,
      },
      settings: { server_lifetime: 1, ...SESSIONS },
    });
    const clients = await Promise.all(Array.from({ length: 10 }, () => one.enter()));
    expect(sts.endpoint.requests).toHaveLength(1);
    await Promise.all(clients.map((client) => client.end()));
    expect(await outcome(one.enter('tea', { database: 'bad' }))).toBe(NO_TOKEN);
    expect(one.daemon.log()).toContain('no AWS credentials: AccessDenied');
    const before = sts.endpoint.requests.length;
    // Its links are old at once: each client has a new one made.
    await waitFor(
      async () => {
        expect(await outcome(one.enter())).toBe('in');
        return sts.endpoint.requests.length > before;
      },
      { what: 'the role to be assumed again', deadlineMs: 20_000 },
    );
    expect(one.rds.refusals).toEqual([]);
    expect(one.daemon.log()).not.toMatch(/ASIA|X-Amz|SecretAccessKey/);
  }),
);

test.concurrent(
  'STS that does not answer holds up nobody but those who need it',
  alone(async (open) => {
    const { keys, sts, env } = await withSts();
    sts.endpoint.setAccident({ kind: 'hang' });
    const one = await open({
      env,
      rds: { keys },
      databases: { roles: '{rds} dbname=shop aws_role_arn=arn:aws:iam::123456789012:role/db' },
      settings: { server_connect_timeout: 2 },
    });
    const waiting = outcome(one.enter('tea', { database: 'roles' }));
    expect(await outcome(one.enter())).toBe('in');
    expect(await waiting).toMatch(/^28000 \|.*its password was not found in time/);
  }),
);

test.concurrent(
  'a link to another host has a token of its own',
  alone(async (open) => {
    const one = await open();
    const other = await startRdsServer({
      keys: one.keys,
      backend: { port: one.cluster.primary.port },
      iamUsers: ['app'],
    });
    also.push(() => other.stop());
    const hosts = `host=127.0.0.1,localhost port=${one.rds.port},${other.port} dbname=shop`;
    await one.daemon.reload(one.config({ databases: { shop: hosts } }), 'configuration reloaded');
    const client = await one.enter();
    await client.query('SELECT 1');
    await one.rds.stop();
    await waitFor(async () => (await outcome(one.enter())) === 'in', {
      what: 'a login at the other host',
    });
    expect([...one.rds.refusals, ...other.refusals]).toEqual([]);
    expect(other.iamLogins).toBeGreaterThan(0);
  }),
);

test.concurrent(
  'who asks the servers logs in by IAM, and clients go where the primary is',
  alone(async (open) => {
    const roles = 'target_session_attrs=primary';
    const { rds, enter, daemon } = bound(
      await open({
        databases: { shop: `{rds} ${roles}` },
        settings: { health_check_user: 'other', health_check_interval: 0.1 },
      }),
    );
    expect(await outcome(enter())).toBe('in');
    const asking = rds.logins.filter(({ user }) => user === 'other');
    expect(asking.map(({ outcome: { kind } }) => kind)).toEqual(['joined']);
    expect(daemon.log()).not.toMatch(/X-Amz|Action=connect/);
  }),
);

test.concurrent(
  'RELOAD changes how links log in, both ways',
  alone(async (open) => {
    const one = await open({ settings: { server_auth: 'password' } });
    expect(await outcome(one.enter())).toMatch(/^28000/);
    const iam = one.config({ settings: { server_auth: 'iam' } });
    await one.daemon.reload(iam, 'configuration reloaded');
    expect(await outcome(one.enter())).toBe('in');
    const insecure = one.config({
      settings: { server_auth: 'iam', server_tls_sslmode: 'require' },
    });
    await one.daemon.reload(insecure, 'RELOAD failed');
    expect(one.daemon.log()).toContain('server_auth = iam needs server_tls_sslmode = verify-full');
    expect(await outcome(one.enter())).toBe('in');
  }),
);

async function withSts() {
  const keys = new AwsKeys();
  const sts = await startFakeSts({ keys });
  also.push(() => sts.endpoint.stop());
  const { accessKeyId, secretAccessKey } = keys.addUser('daemon');
  const own = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  return { keys, sts, env: { ...own, AWS_ENDPOINT_URL_STS: sts.endpoint.url } };
}

function bound(one: RdsStage) {
  const { rds, daemon } = one;
  return { rds, daemon, enter: one.enter.bind(one) };
}
