import { daemonCommand } from '@pgweir/testkit';
import { Client } from 'pg';
import { run, testWith } from './support/programs';
import { type Rig, startDaemonFor, startRig } from './support/rig';
import { Terminal } from './support/terminal';

const PASSWORD = "it's 日本語 \\ pässwörd";

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: {
      users: [{ name: 'ann' }],
      hba: ['host all ann 127.0.0.1/32 scram-sha-256', 'host all postgres 127.0.0.1/32 trust'],
    },
    databases: { postgres: '{server}' },
  });
});

afterAll(() => rig?.stop());

async function hash(input: string, ...args: readonly string[]) {
  const [program, ...first] = daemonCommand();
  return await run(program, [...first, 'hash-password', ...args], { input });
}

async function logIn(port: number, password: string): Promise<unknown> {
  const where = { host: '127.0.0.1', port, database: 'postgres', user: 'ann' };
  const client = new Client({ ...where, password });
  await client.connect();
  const { rows } = await client.query('SELECT current_user AS me');
  await client.end();
  return rows[0];
}

test('PostgreSQL takes the verifier, and so does auth_file, for the same password', async () => {
  const verifier = await hash(`${PASSWORD}\n`);
  expect(verifier).toMatchObject({ code: 0, stderr: '' });
  await rig.cluster.primary.query(`ALTER ROLE ann PASSWORD '${verifier.stdout.trim()}'`);
  expect(await logIn(rig.cluster.primary.port, PASSWORD)).toEqual({ me: 'ann' });
  await expect(logIn(rig.cluster.primary.port, 'other')).rejects.toMatchObject({ code: '28P01' });

  const line = await hash(PASSWORD, '--user', 'ann');
  const daemon = await startDaemonFor(rig.cluster.primary, {
    databases: { postgres: '{server} user=postgres' },
    settings: { auth_type: 'scram-sha-256' },
    userlist: line.stdout,
  });
  try {
    expect(await logIn(daemon.port, PASSWORD)).toEqual({ me: 'postgres' });
    await expect(logIn(daemon.port, 'other')).rejects.toMatchObject({ code: '28P01' });
  } finally {
    await daemon.stop();
  }
});

test('two lines are no password', async () => {
  const { code, stdout, stderr } = await hash('one\ntwo\n');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe('pgweir: standard input has more than one line\n');
});

testWith('tmux')('on a terminal it is asked for twice, and never seen', async () => {
  const program = daemonCommand().map((word) => `'${word}'`);
  const ask = (): Terminal =>
    new Terminal(
      `${program.join(' ')} hash-password --iterations 10; echo ended with $?; sleep 60`,
    );
  for (const [second, end] of [
    ['hidden', /SCRAM-SHA-256\$10:[\s\S]*ended with 0/],
    ['hiddem', /the two are not the same[\s\S]*ended with 1/],
  ] as const) {
    const terminal = ask();
    try {
      await terminal.shows('Password:');
      terminal.type('hiddex');
      terminal.key('BSpace');
      terminal.type('n');
      terminal.key('Enter');
      await terminal.shows('Again:');
      terminal.type(second);
      terminal.key('Enter');
      await terminal.shows(end);
      expect(terminal.text()).not.toMatch(/hidd/);
    } finally {
      terminal.close();
    }
  }
});
