import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { NOTHING_HELD } from '@pgweir/pooler';
import { WORKER_FLAG } from '../../src/command-line';
import type { ToldToSupervisor, ToldToWorker, WorkerStart } from '../../src/workers/messages';
import { commandOn, crew, place, RUNTIMES } from './support/crew';

let child: ChildProcess | undefined;
let server: net.Server | undefined;

afterEach(() => {
  child?.kill('SIGKILL');
  server?.close();
});

const tell = (told: ToldToWorker): void => {
  // One that has been told to leave may be gone by now, which is no error of this end.
  child?.send({ kind: 'told', told }, () => undefined);
};

/** What it inherits, and how it finds it. */
async function startOf(): Promise<{ start: WorkerStart; descriptor: number }> {
  server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle: { fd: number } = Reflect.get(server, '_handle');
  const { port } = server.address() as net.AddressInfo;
  const settings = ['listen_addr = 127.0.0.1', `listen_port = ${port}`, 'workers = 2'];
  const text = ['[databases]', '* = host=127.0.0.1', '[pgbouncer]', ...settings].join('\n');
  const files = [{ file: '/pgweir.ini', text: `${text}\nauth_type = any\nunix_socket_dir =\n` }];
  const start = {
    slot: 0,
    slots: 2,
    number: 7,
    configPath: '/pgweir.ini',
    cwd: '/',
    firstFiles: files,
    files,
    generation: 0,
    overrides: [],
    holds: NOTHING_HELD,
    topology: { kind: 'topology', generation: 1, servers: [], roles: [] },
    cancelSecret: '00',
    afterRestart: false,
    logFlags: { stderr: false, verbose: 0 },
    ports: [{ address: { kind: 'tcp', host: '127.0.0.1', port }, descriptor: 5 }],
  } as const;
  return { start, descriptor: handle.fd };
}

/** Starts a worker, and leads it through its life. */
async function lifeOf(
  runtime: (typeof RUNTIMES)[number],
  orders: (said: string, start: WorkerStart) => void,
): Promise<{ readonly said: readonly string[]; readonly code: unknown }> {
  const { start, descriptor } = await startOf();
  const [program, ...args] = commandOn(runtime);
  child = spawn(program, [...args, WORKER_FLAG, '7'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'ignore', descriptor],
  });
  const said: string[] = [];
  child.on('message', ({ told }: { readonly told: ToldToSupervisor }) => {
    said.push(told.kind);
    orders(told.kind, start);
  });
  orders('nothing', start);
  const [code] = await once(child, 'exit');
  return { said, code };
}

test('a shutdown while workers are being replaced is as orderly as any other', async () => {
  const daemon = await crew({ port: 1 }, { runtime: 'node', settings: { verbose: 1 } });
  try {
    const { client } = await place(daemon, { database: 'pgweir' });
    const cut = client.query('RELOAD WORKERS').catch(() => undefined);
    await daemon.logged('worker 3 starts');
    const sinceMs = performance.now();
    expect(await daemon.stop('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - sinceMs).toBeLessThan(2500);
    await cut;
    client.destroy();
    expect(daemon.log()).not.toContain(' ERROR ');
  } finally {
    await daemon.stop('SIGKILL');
  }
});

const LEAVE = { kind: 'drain', until: 'clients-left' } as const;

describe.each(RUNTIMES)('a worker on %s', (runtime) => {
  test('that is told to leave before it begins does not begin any more', async () => {
    const life = await lifeOf(runtime, (said, start) => {
      if (said === 'nothing') tell(LEAVE);
      if (said === 'hello') tell({ kind: 'start', start });
    });
    expect(life).toEqual({ said: ['hello'], code: 0 });
  });

  test('that is told to leave while it begins leaves in an orderly way', async () => {
    const life = await lifeOf(runtime, (said, start) => {
      if (said !== 'hello') return;
      tell({ kind: 'start', start });
      tell(LEAVE);
    });
    expect(life).toEqual({ said: ['hello', 'up', 'farewell'], code: 0 });
  });
});
