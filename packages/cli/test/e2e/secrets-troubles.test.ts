import { type FakeSecretsManager, waitFor } from '@pgweir/testkit';
import './support/all-loaded';
import { onStage, SHOP } from './support/secrets-play';
import { consoleRows, FIRST_PASSWORD, PASSWORD_MARK, secretOf } from './support/secrets-stage';

test.concurrent('a password that PostgreSQL refuses in all versions fails as a wrong one, with few attempts', () =>
  onStage(
    {
      databases: { shop: '{server} dbname=postgres user=app secret={arn}' },
      settings: { auth_type: 'any' },
    },
    async (stage) => {
      const { login } = stage;
      const { manager, rig } = stage;
      manager.put('db', secretOf('app', `${PASSWORD_MARK}-b`));
      manager.createSecret('db', secretOf('app', `${PASSWORD_MARK}-c`));
      await stage.setPassword('app', 'something else');
      const results = await Promise.all(Array.from({ length: 20 }, () => login('app', '')));
      expect(new Set(results)).toEqual(new Set(['28P01']));
      const before = manager.endpoint.requests.length;
      const until = performance.now() + 3_000;
      while (performance.now() < until) await login('app', '');
      // Three stages of one reading, 1 s apart at first.
      expect(manager.endpoint.requests.length - before).toBeLessThanOrEqual(12);
      const refusals = rig.daemon
        .log()
        .split('\n')
        .filter((line) => line.includes('28P01'));
      expect(refusals.length).toBeGreaterThan(0);
      await stage.setPassword('app', `${PASSWORD_MARK}-b`);
      await waitFor(async () => (await login('app', '')) === 'app', { what: 'a login' });
      expect(rig.daemon.log()).not.toContain(PASSWORD_MARK);
    },
  ));

test.concurrent('a store that is down delays the start for a moment only; logins say so until it is back', () =>
  onStage({ databases: SHOP, isStoreUp: false }, async (stage) => {
    const { login } = stage;
    const { manager, rig } = stage;
    expect(await login('chief', 'x', 'pgbouncer')).not.toBe('28P01');
    expect(await login('app', FIRST_PASSWORD)).toBe('57P03');
    // Nobody can tell by that who is known.
    expect(await login('stranger', 'y')).toBe('57P03');
    const [row] = await consoleRows(rig.daemon, 'SHOW SECRETS');
    expect(row).toMatchObject({ version: null, error: 'unreachable: ECONNREFUSED' });
    await manager.endpoint.start();
    await waitFor(async () => (await login('app', FIRST_PASSWORD)) === 'app', { what: 'a login' });
    expect(await login('stranger', 'y')).toBe('28P01');
    const lines = rig.daemon.log().split('\n');
    expect(lines.filter((line) => line.includes('the secret cannot be read'))).toHaveLength(1);
  }));

/** What happens to all requests. */
const ACCIDENTS = [
  ['throttle', 'throttled: '],
  ['garbage', 'unreachable: '],
] as const;
/** The first may be of a reading that had begun before. */
const MORE_REQUESTS = 2;

/** By the name of the secret that it is done to. */
const HARM: Readonly<
  Record<
    string,
    readonly [harm: (manager: FakeSecretsManager, name: string) => void, reason: string]
  >
> = {
  denied: [(manager, name) => manager.deny(name), 'denied: AccessDeniedException'],
  locked: [(manager, name) => manager.deny(name, 'DecryptionFailure'), 'denied: Decryption'],
  leaving: [(manager, name) => manager.delete(name), 'missing: InvalidRequest'],
  gone: [(manager, name) => manager.forget(name), 'missing: ResourceNotFound'],
  malformed: [
    (manager, name) => void manager.put(name, '{"password":"p4ssword'),
    'unusable: it is not valid JSON',
  ],
  binary: [
    (manager, name) => void manager.put(name, Buffer.from('p4ssword')),
    'unusable: the secret is binary',
  ],
};

test.concurrent(
  'secrets that are denied, locked, marked for deletion, deleted, malformed, binary, throttled or garbage while pgweir runs: what was read last is used on, with one alarm',
  () =>
    onStage(
      {
        secrets: Object.keys(HARM),
        databases: Object.fromEntries(
          ['db', ...Object.keys(HARM)].map((name) => [
            name,
            `{server} dbname=postgres secret={arn of ${name}}`,
          ]),
        ),
        settings: { secrets_refresh: '1' },
      },
      async ({ login, endLinks, manager, rig, arnOf }) => {
        const { daemon } = rig;
        const errorOf = async (name: string): Promise<string> => {
          const rows = await consoleRows(daemon, 'SHOW SECRETS');
          return `${rows.find(({ databases }) => databases === name)?.error}`;
        };
        const asked = (name: string): number =>
          manager.endpoint.requests.filter(({ body }) => body.includes(arnOf(name))).length;
        const alarms = (name: string): number =>
          daemon
            .log()
            .split('\n')
            .filter(
              (line) => line.includes('the secret cannot be read') && line.includes(arnOf(name)),
            ).length;
        /** Also after it has been tried in vain some more times. */
        const isUsedOn = async (name: string, alarmsUntilNow: number): Promise<void> => {
          expect(
            await Promise.all([login('app', FIRST_PASSWORD, name), login('app', 'wrong', name)]),
          ).toEqual(['app', '28P01']);
          const before = asked(name);
          await waitFor(() => asked(name) >= before + MORE_REQUESTS, {
            what: `more requests for ${name}`,
            deadlineMs: 30_000,
          });
          expect([name, alarms(name)]).toEqual([name, alarmsUntilNow]);
        };
        for (const name of ['db', ...Object.keys(HARM)])
          expect(await login('app', FIRST_PASSWORD, name)).toBe('app');
        for (const [name, [harm]] of Object.entries(HARM)) harm(manager, name);
        for (const [name, [, reason]] of Object.entries(HARM))
          await waitFor(async () => (await errorOf(name)).startsWith(reason), { what: reason });
        await endLinks();
        await Promise.all(Object.keys(HARM).map((name) => isUsedOn(name, 1)));
        expect(alarms('db')).toBe(0);
        for (const [at, [kind, reason]] of ACCIDENTS.entries()) {
          manager.endpoint.setAccident({ kind });
          await waitFor(async () => (await errorOf('db')).startsWith(reason), { what: reason });
          await endLinks();
          await isUsedOn('db', at + 1);
          manager.endpoint.setAccident(undefined);
          await waitFor(async () => (await errorOf('db')) === 'null', { what: 'an end of it' });
        }
        expect(daemon.log()).not.toContain(PASSWORD_MARK);
      },
    ),
  90_000,
);
