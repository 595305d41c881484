import type {
  PasswordTry,
  ServerLogin,
  ServerPasswordAnswer,
  ServerPasswords,
} from '../../src/ports/server-passwords';
import type { PoolerSettings } from '../../src/settings/settings';
import { Rig } from '../kit/rig';

const WRONG = {
  severity: 'FATAL',
  code: '28P01',
  message: 'password authentication failed for user "alice"',
} as const;

/** Logins as a test answers them. */
class Passwords implements ServerPasswords {
  lacking = false;
  readonly logins: ServerLogin[] = [];
  readonly answers: ((answer: ServerPasswordAnswer) => void)[] = [];
  readonly ends: string[] = [];
  readonly decisions: ((another: boolean) => void)[] = [];

  lacks(): boolean {
    return this.lacking;
  }

  begin(login: ServerLogin, answer: (answer: ServerPasswordAnswer) => void): PasswordTry {
    this.logins.push(login);
    this.answers.push(answer);
    return {
      giveUp: () => void this.ends.push('gave up'),
      accepted: () => void this.ends.push('accepted'),
      refused: (decided) => {
        this.ends.push('refused');
        this.decisions.push(decided);
      },
    };
  }
}

async function open(passwords: Passwords, changes: Partial<PoolerSettings> = {}): Promise<Rig> {
  return await Rig.open(changes, { serverPasswords: passwords });
}

test('nothing is dialled before there is a password, and the login is made with it', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  const client = rig.caller();
  await rig.settle();
  expect(rig.server.dials).toBe(0);
  expect(passwords.logins).toEqual([
    { database: 'app', user: 'alice', host: 'db.test', port: 5432 },
  ]);
  passwords.answers[0]?.({ kind: 'password', password: 'x', user: 'alice_clone' });
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
  expect(passwords.ends).toEqual(['accepted']);
  expect(rig.server.backends[0]?.parameters.get('user')).toBe('alice_clone');
});

test('a password that PostgreSQL refuses: nobody hears of it while another one is looked for', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  rig.server.dialling = { kind: 'reject', error: WRONG };
  const client = rig.caller();
  await rig.settle();
  passwords.answers[0]?.({ kind: 'password', password: 'old' });
  await rig.settle();
  expect(passwords.ends).toEqual(['refused']);
  expect(client.errors).toEqual([]);
  expect(rig.pool().supply.dialing).toBe(1);
  rig.server.dialling = { kind: 'accept' };
  passwords.decisions[0]?.(true);
  await rig.settle();
  passwords.answers[1]?.({ kind: 'password', password: 'new' });
  await rig.settle();
  expect(client.tags).toMatch(/Z$/);
});

test('when there is no other one clients get what PostgreSQL has said', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  rig.server.dialling = { kind: 'reject', error: WRONG };
  const client = rig.caller();
  await rig.settle();
  passwords.answers[0]?.({ kind: 'password', password: 'old' });
  await rig.settle();
  passwords.decisions[0]?.(false);
  await rig.settle();
  expect(client.sqlState).toBe('28P01');
  expect(rig.server.dials).toBe(1);
});

test('a login that fails for another reason says nothing of its password', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  rig.server.dialling = { kind: 'refuse' };
  rig.caller();
  await rig.settle();
  passwords.answers[0]?.({ kind: 'password', password: 'x' });
  await rig.settle();
  expect(passwords.ends).toEqual(['gave up']);
});

test('no password: clients are told why with 28000, and nothing is dialled', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  const client = rig.caller();
  await rig.settle();
  passwords.answers[0]?.({ kind: 'none', reason: 'the store is down', hint: 'wait' });
  await rig.pass(0);
  expect(client.errors[0]).toMatchObject({
    code: '28000',
    message: 'server login failed: the store is down',
    hint: 'wait',
  });
  expect(rig.server.dials).toBe(0);
});

test('a password that does not come in time is no fault of the server, which nobody has asked', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords, { serverConnectTimeoutMs: 2000 });
  const client = rig.caller();
  await rig.pass(1999);
  expect(client.errors).toEqual([]);
  await rig.pass(1);
  expect(client.errors[0]).toMatchObject({
    code: '28000',
    message: 'server login failed: its password was not found in time',
  });
  expect(passwords.ends).toEqual(['gave up']);
  expect(rig.pool().databaseState.unreachedHosts.size).toBe(0);
  expect(rig.server.addresses).toEqual([]);
});

test('what the password takes does not shorten server_connect_timeout', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords, { serverConnectTimeoutMs: 2000 });
  rig.server.dialling = { kind: 'silence' };
  const client = rig.caller();
  await rig.pass(1500);
  passwords.answers[0]?.({ kind: 'password', password: 'x' });
  await rig.pass(1500);
  expect(rig.pool().supply.dialing).toBe(1);
  expect(client.errors).toEqual([]);
  await rig.pass(500);
  expect(client.sqlState).toBe('57P03');
});

test('min_pool_size asks for no link that nobody has a password for, until somebody brings one', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords, { minPoolSize: 3 });
  const client = rig.caller();
  await rig.settle();
  passwords.answers[0]?.({ kind: 'password', password: 'x' });
  passwords.lacking = true;
  await rig.pass(10_000);
  expect(client.tags).toMatch(/Z$/);
  const before = passwords.logins.length;
  await rig.pass(10_000);
  expect(passwords.logins.length).toBe(before);
  passwords.lacking = false;
  await rig.pass(1000);
  expect(passwords.logins.length).toBeGreaterThan(before);
});

test('what only we need to know of it is in the log, and clients do not hear it', async () => {
  const passwords = new Passwords();
  const rig = await open(passwords);
  const client = rig.caller();
  await rig.settle();
  const loggedReason = 'arn:aws:iam::123456789012:role/db may not';
  passwords.answers[0]?.({ kind: 'none', reason: 'the store says no', loggedReason });
  await rig.pass(0);
  expect(client.errors[0]?.message).toBe('server login failed: the store says no');
  expect(JSON.stringify(client.errors)).not.toContain('arn:aws');
  expect(rig.log.lines).toContainEqual(
    expect.objectContaining({
      message: 'server login failed',
      fields: expect.objectContaining({ reason: `server login failed: ${loggedReason}` }),
    }),
  );
});
