import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Daemon,
  daemonCommand,
  makeScratch,
  RawClient,
  type RawTarget,
  type Scratch,
  startDaemon,
} from '@pgweir/testkit';
import { listenTcp, listenUnix, systemCalls } from '../../src/system-calls';
import { ini, type Settings, userlist } from './support/stage';

/** Nobody logs in to a database here. */
const NO_SERVER = { port: 1 };
let scratch: Scratch;
/** The sockets of the service manager, which stay open when a daemon ends. */
let tcp: { readonly descriptor: number; readonly port: number };
let unix: { readonly descriptor: number; readonly path: string };
const daemons: Daemon[] = [];

beforeEach(() => {
  scratch = makeScratch();
  const { descriptors, port } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 64, count: 1 });
  tcp = { descriptor: descriptors[0] ?? -1, port };
  const path = join(scratch.dir, 's');
  unix = { descriptor: listenUnix(path, 64), path };
});

afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
  for (const { descriptor } of [tcp, unix]) systemCalls().close(descriptor);
  scratch.remove();
});

interface Given {
  readonly settings?: Settings;
  readonly descriptors?: readonly number[];
  /** What LISTEN_PID is; by default the number of the process. */
  readonly pid?: string;
}

async function start({ settings, descriptors, pid = '$$' }: Given = {}) {
  const passed = descriptors ?? [tcp.descriptor, unix.descriptor];
  const script = `export LISTEN_PID=${pid} LISTEN_FDS=${passed.length}; exec "$@"`;
  const daemon = await startDaemon({
    config: ini(NO_SERVER, { settings: { admin_users: 'app', ...settings } }),
    userlist: userlist(['app']),
    command: ['sh', '-c', script, 'sh', ...daemonCommand()],
    descriptors: passed,
  });
  daemons.push(daemon);
  return daemon;
}

/** Asks the console there which version it is. */
async function answers(target: RawTarget): Promise<boolean> {
  const client = await RawClient.connect(target);
  try {
    await client.login({ user: 'app', database: 'pgweir' });
    const messages = await client.query('SHOW VERSION');
    return messages.some(({ tag }) => tag === 'D');
  } finally {
    client.destroy();
  }
}

const here = (port: number): RawTarget => ({ host: '127.0.0.1', port });

describe.each([1, 2])('with workers = %d', (workers) => {
  test('it serves the sockets that it was given, and nothing else', async () => {
    const daemon = await start({ settings: { workers } });
    for (let i = 0; i < 5; i++) {
      expect(await answers(here(tcp.port))).toBe(true);
      expect(await answers({ path: unix.path })).toBe(true);
    }
    await expect(RawClient.connect(here(daemon.port))).rejects.toThrow('ECONNREFUSED');
    expect(existsSync(daemon.socketPath)).toBe(false);
    const log = daemon.log();
    for (const name of ['listen_addr', 'unix_socket_dir']) {
      expect(log).toContain(`WARNING sockets passed from service manager, ${name} ignored`);
    }
    expect(log).toContain(`listening on 127.0.0.1:${tcp.port}, passed from service manager`);
    expect(log).toContain(`listening on ${unix.path}, passed from service manager`);
  });

  test('at its end the sockets and the path stay, and the next one serves who came between', async () => {
    const first = await start({ settings: { workers } });
    expect(await answers({ path: unix.path })).toBe(true);
    expect(await first.stop('SIGTERM')).toMatchObject({ code: 0 });
    expect(existsSync(unix.path)).toBe(true);
    const waiting = [answers(here(tcp.port)), answers({ path: unix.path })];
    await start({ settings: { workers } });
    expect(await Promise.all(waiting)).toEqual([true, true]);
  });

  test('one socket is enough, and nothing needs to be configured', async () => {
    const settings = { workers, listen_addr: '', unix_socket_dir: '' };
    const daemon = await start({ settings, descriptors: [unix.descriptor] });
    expect(await answers({ path: unix.path })).toBe(true);
    expect(daemon.log()).not.toContain('ignored');
  });
});

test('workers inherit none of it but the sockets that they serve', async () => {
  const daemon = await start({ settings: { workers: 2 } });
  const children = readFileSync(`/proc/${daemon.pid}/task/${daemon.pid}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('LISTEN_');
  }
});

test('sockets that are meant for another process are not touched', async () => {
  const daemon = await start({ pid: '1' });
  expect(await answers(here(daemon.port))).toBe(true);
  expect(daemon.log()).not.toContain('service manager');
});

test('a descriptor that does not listen ends the start with a reason', async () => {
  const descriptor = systemCalls().must('socket', 1, 1, 0);
  try {
    await expect(start({ descriptors: [tcp.descriptor, descriptor] })).rejects.toThrow(
      /sockets passed from service manager cannot be used: descriptor 4 is no stream socket/,
    );
  } finally {
    systemCalls().close(descriptor);
  }
});

test('without sockets and with nothing configured there is nowhere to listen on', async () => {
  const settings = { listen_addr: '', unix_socket_dir: '' };
  await expect(start({ settings, descriptors: [] })).rejects.toThrow(/nowhere to listen on/);
});
