import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  availableMajors,
  BackendError,
  type BackendMessage,
  frame,
  type LoginOptions,
  type Major,
  RawClient,
  rowValues,
  waitFor,
} from '@pgweir/testkit';
import { run, testWith } from './support/programs';
import { type Rig, rawTarget, startRig } from './support/rig';

let rig: Rig;

/** Programs refuse servers that are newer than they are. */
function toolsMajor(): Major {
  const said = spawnSync('pg_basebackup', ['--version'], { encoding: 'utf8' }).stdout ?? '';
  const major = Number(/ (\d+)/.exec(said)?.[1]);
  return availableMajors().find((known) => known === major) ?? 18;
}

async function start(major: Major): Promise<Rig> {
  return await startRig({
    cluster: {
      major,
      settings: { wal_level: 'logical' },
      users: [
        { name: 'ann', password: 'one' },
        { name: 'rep', password: 'two', replication: true },
      ],
      databases: [{ name: 'shop', owner: 'rep' }],
      hba: [
        'host all all 127.0.0.1/32 scram-sha-256',
        'host replication rep 127.0.0.1/32 scram-sha-256',
      ],
    },
    settings: { auth_type: 'scram-sha-256', pool_mode: 'transaction', default_pool_size: '3' },
    databases: { shop: '{server}', replication: '{server}' },
    userlist: '"ann" "one"\n"rep" "two"\n',
  });
}

beforeAll(async () => {
  rig = await start(toolsMajor());
});

afterAll(() => rig?.stop());

const REP: LoginOptions = { user: 'rep', password: 'two', database: 'shop' };

/** Runs `use` with a client that has sent `replication` at login. */
async function replicating(
  replication: string,
  use: (client: RawClient) => Promise<void>,
  options: LoginOptions = REP,
): Promise<void> {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    const parameters = { replication, application_name: 'follower' };
    await client.login({ ...options, parameters });
    await use(client);
  } finally {
    client.destroy();
  }
}

async function walSenders(): Promise<number> {
  const rows = await rig.cluster.primary.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE backend_type = 'walsender'",
  );
  return Number(rows[0]?.n);
}

async function untilNoWalSender(): Promise<void> {
  await waitFor(async () => (await walSenders()) === 0, { what: 'the walsender to end' });
}

function rows(messages: readonly BackendMessage[]): (string | null)[][] {
  return messages.filter(({ tag }) => tag === 'D').map(rowValues);
}

function copyData(body: Buffer): Buffer {
  return frame('d', body);
}

/** "I have everything": message `r` of the streaming protocol with the highest position. */
function statusUpdate(): Buffer {
  const body = Buffer.alloc(34);
  body.write('r');
  return copyData(body);
}

test('logical replication streams through a link of its own, which is closed afterwards', async () => {
  const admin = rig.cluster.primary;
  const owner = await admin.connect({ user: 'postgres', database: 'shop', host: admin.socketDir });
  await owner.query('CREATE TABLE orders (id int PRIMARY KEY, what text)');
  await owner.query('CREATE PUBLICATION pub FOR TABLE orders');
  try {
    await replicating('database', async (client) => {
      const [slot] = rows(await client.query('CREATE_REPLICATION_SLOT "s" LOGICAL pgoutput'));
      expect(slot?.[0]).toBe('s');
      const [system] = rows(await client.query('IDENTIFY_SYSTEM'));
      expect(system?.[3]).toBe('shop');
      expect(rows(await client.query('SELECT 41 + 1'))).toEqual([['42']]);
      const options = "(proto_version '1', publication_names 'pub')";
      client.send(frame('Q', Buffer.from(`START_REPLICATION SLOT "s" LOGICAL 0/0 ${options}\0`)));
      await client.until('W');
      expect(await walSenders()).toBe(1);
      await owner.query(
        "INSERT INTO orders SELECT n, 'order ' || n FROM generate_series(1, 500) AS n",
      );
      const inserts = (): BackendMessage[] =>
        // XLogData: w, three numbers of eight bytes, then pgoutput's own message: I is an insert.
        client.messages.filter(
          ({ tag, body }) => tag === 'd' && body[0] === 0x77 && body[25] === 0x49,
        );
      await waitFor(() => inserts().length === 500, { what: '500 inserts' });
      expect(inserts()[499]?.body.toString()).toContain('order 500');
      client.send(statusUpdate());
      client.send(frame('c', Buffer.alloc(0)));
      await client.until('Z');
      expect(rows(await client.query('SELECT 1'))).toEqual([['1']]);
      await client.end();
    });
    await rig.daemon.logged('its client has left');
    await untilNoWalSender();
    const free = await owner.query("SELECT active FROM pg_replication_slots WHERE slot_name = 's'");
    expect(free.rows).toEqual([{ active: false }]);
  } finally {
    await owner.end();
  }
});

test('a follower that vanishes takes its link with it', async () => {
  await replicating('database', async (client) => {
    await client.query('CREATE_REPLICATION_SLOT "t" TEMPORARY LOGICAL pgoutput');
    client.send(
      frame(
        'Q',
        Buffer.from(
          "START_REPLICATION SLOT \"t\" LOGICAL 0/0 (proto_version '1', publication_names 'x')\0",
        ),
      ),
    );
    await client.until('W');
    client.destroy('reset');
  });
  await untilNoWalSender();
});

test('physical replication: the stream of WAL arrives', async () => {
  await replicating('true', async (client) => {
    const [system] = rows(await client.query('IDENTIFY_SYSTEM'));
    client.send(frame('Q', Buffer.from(`START_REPLICATION PHYSICAL ${system?.[2]}\0`)));
    await client.until('W');
    await rig.cluster.primary.query(
      "SELECT pg_logical_emit_message(true, 'test', repeat('z', 40)) FROM generate_series(1, 5)",
    );
    await client.until(({ tag, body }) => tag === 'd' && body.includes('z'.repeat(40)));
    await client.end();
  });
  await untilNoWalSender();
});

test('clients of the pool and followers do not get in each other’s way', async () => {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    await client.login(REP);
    await replicating('database', async (follower) => {
      const sender = rows(await follower.query('SELECT pg_backend_pid()'))[0]?.[0];
      for (let round = 0; round < 5; round++) {
        const pid = rows(await client.query('SELECT pg_backend_pid()'))[0]?.[0];
        expect(pid).not.toBe(sender);
        expect(rows(await follower.query('SELECT pg_backend_pid()'))[0]?.[0]).toBe(sender);
      }
    });
  } finally {
    client.destroy();
  }
  await untilNoWalSender();
});

test('what the server refuses a follower at login is the follower’s error', async () => {
  const ann = { user: 'ann', password: 'one', database: 'shop' };
  const refused = replicating('database', async () => undefined, ann);
  await expect(refused).rejects.toMatchObject({ code: '42501' });
  const nonsense = replicating('perhaps', async () => undefined);
  await expect(nonsense).rejects.toBeInstanceOf(BackendError);
  await expect(nonsense).rejects.toMatchObject({ code: '22023' });
});

function environment(): Record<string, string> {
  const { host, port } = rig.daemon;
  return { PGHOST: host, PGPORT: String(port), PGUSER: 'rep', PGPASSWORD: 'two' };
}

testWith('pg_recvlogical')('pg_recvlogical creates a slot, follows and drops it', async () => {
  const env = environment();
  const base = ['-d', 'shop', '--slot=recv'];
  const made = await run('pg_recvlogical', [...base, '--create-slot', '-P', 'test_decoding'], {
    env,
  });
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const [row] = await rig.cluster.primary.query(
    "SELECT pg_logical_emit_message(true, 'test', 'hello'), pg_current_wal_insert_lsn()::text AS lsn",
  );
  const ran = await run(
    'pg_recvlogical',
    [...base, '--start', '-f', '-', '--no-loop', '-E', String(row?.lsn)],
    { env },
  );
  expect(ran).toMatchObject({ code: 0 });
  const dropped = await run('pg_recvlogical', [...base, '--drop-slot'], { env });
  expect(dropped).toMatchObject({ code: 0, stderr: '' });
  await untilNoWalSender();
});

testWith('pg_receivewal')('pg_receivewal writes WAL until it is stopped', async () => {
  const dir = join(rig.daemon.dir, 'wal');
  mkdirSync(dir);
  const ran = await run('pg_receivewal', ['-D', dir, '--no-loop', '-s', '1'], {
    env: environment(),
    started: (child) =>
      void waitFor(() => child.exitCode !== null || readdirSync(dir).length > 0, {
        what: 'a WAL segment',
      }).finally(() => child.kill('SIGINT')),
  });
  expect(ran).toMatchObject({ code: 0 });
  expect(readdirSync(dir).join()).toMatch(/^[0-9A-F]{24}/);
  await untilNoWalSender();
});

testWith('pg_basebackup')('pg_basebackup takes a copy with its WAL', async () => {
  const dir = join(rig.daemon.dir, 'backup');
  const ran = await run('pg_basebackup', ['-D', dir, '-X', 'stream', '-c', 'fast', '--no-sync'], {
    env: environment(),
  });
  expect(ran).toMatchObject({ code: 0 });
  expect(readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim()).toBe(String(toolsMajor()));
  expect(existsSync(join(dir, 'backup_manifest'))).toBe(true);
  await untilNoWalSender();
});
