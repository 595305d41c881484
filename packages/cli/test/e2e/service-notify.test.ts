import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Daemon,
  daemonCommand,
  freePort,
  frontend,
  isAlive,
  makeScratch,
  RawClient,
  type Scratch,
  startDaemon,
  waitFor,
} from '@pgweir/testkit';
import { DatagramInbox } from '../support/datagram-inbox';
import { run } from './support/programs';
import { ini, type Settings, userlist } from './support/stage';

/** Nobody logs in to a database here. */
const NO_SERVER = { port: 1 };
let scratch: Scratch;
let inbox: DatagramInbox;
const daemons: Daemon[] = [];

beforeEach(() => {
  scratch = makeScratch();
  inbox = new DatagramInbox(join(scratch.dir, 'notify'));
});

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
  inbox.close();
  scratch.remove();
});

async function start(
  settings: Settings = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  const daemon = await startDaemon({
    config: ini(NO_SERVER, { settings: { admin_users: 'app', ...settings } }),
    userlist: userlist(['app']),
    env: { NOTIFY_SOCKET: join(scratch.dir, 'notify'), ...env },
  });
  daemons.push(daemon);
  return daemon;
}

/** The first line of each message, without the lines of statistics. */
function changes(): string[] {
  return inbox
    .heard()
    .filter((message) => !message.startsWith('STATUS='))
    .map((message) => message.split('\n')[0] ?? '');
}

describe.each([1, 2])('with workers = %d', (workers) => {
  test('it is ready when its ports are open, tells of reloads, and of its end', async () => {
    const daemon = await start({ workers });
    await inbox.until(/^READY=1$/);
    const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
    await client.login({ user: 'app', database: 'pgweir' });
    await daemon.reload();
    await inbox.until(/^RELOADING=1\nMONOTONIC_USEC=\d+$/);
    await client.query('RELOAD');
    // What SET changes is no reload.
    await client.query('SET log_stats = 1');
    expect(changes()).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'RELOADING=1', 'READY=1']);
    // A client of the console holds nobody up.
    daemon.kill('SIGTERM');
    await inbox.until(/^STOPPING=1$/);
    await client.closed;
    expect(await daemon.exit).toEqual({ code: 0, signal: null });
    expect(changes().filter((change) => change === 'STOPPING=1')).toHaveLength(1);
  });

  test('it tells the statistics of each period, also when they are not logged', async () => {
    const daemon = await start({ workers, stats_period: 1, log_stats: 0 });
    const line = await inbox.until(/^STATUS=/);
    expect(line).toMatch(/^STATUS=stats: 0 xacts\/s, 0 queries\/s, in \d+ B\/s, .*wait 0 us$/);
    expect(daemon.log()).not.toContain('stats: ');
  });
});

test('a reload that is refused is over as well', async () => {
  const daemon = await start();
  await daemon.reload('nonsense', 'RELOAD failed');
  await inbox.until(/^RELOADING=1/);
  expect(changes()).toEqual(['READY=1', 'RELOADING=1', 'READY=1']);
});

test('SHUTDOWN on the console tells of the end', async () => {
  const daemon = await start();
  const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
  await client.login({ user: 'app', database: 'pgweir' });
  await client.flushed(frontend.query('SHUTDOWN'));
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  client.destroy();
  expect(changes()).toEqual(['READY=1', 'STOPPING=1']);
});

test.each(['SIGINT', 'SIGQUIT'] as const)('%s tells of the end', async (signal) => {
  const daemon = await start();
  daemon.kill(signal);
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  expect(changes()).toEqual(['READY=1', 'STOPPING=1']);
});

test('signs of life keep coming, and only from the process that was started', async () => {
  const daemon = await start({ workers: 2 }, { WATCHDOG_USEC: '200000' });
  await inbox.until(/^WATCHDOG=1$/);
  const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8');
  const pids = children.trim().split(' ');
  expect(pids.length).toBeGreaterThanOrEqual(2);
  for (const pid of pids) {
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
    expect(environment).not.toMatch(/NOTIFY_SOCKET|WATCHDOG/);
  }
});

test('in the background nobody is told: the process that was started has ended', async () => {
  const port = await freePort();
  const file = (name: string) => join(scratch.dir, name);
  const settings = { pidfile: file('weir.pid'), logfile: file('weir.log'), unix_socket_dir: '' };
  const config = ini(NO_SERVER, { settings: { ...settings, listen_port: port } });
  writeFileSync(file('pgweir.ini'), config.replaceAll('{dir}', scratch.dir));
  writeFileSync(file('userlist.txt'), userlist(['app']));
  const [program, ...first] = daemonCommand();
  const env = { NOTIFY_SOCKET: file('notify') };
  try {
    const ran = await run(program, [...first, '-d', file('pgweir.ini')], { env });
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const pid = Number(readFileSync(file('weir.pid'), 'utf8'));
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('NOTIFY_SOCKET');
    expect(changes()).toEqual([]);
  } finally {
    const pid = Number(readFileSync(file('weir.pid'), 'utf8'));
    process.kill(pid, 'SIGINT');
    await waitFor(() => !isAlive(pid), { what: 'the daemon to end' });
  }
});
