import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import {
  descriptorChannel,
  discardArrived,
  endWriting,
  listenTcp,
  listenUnix,
  passDescriptor,
  systemCalls,
  takeDescriptor,
} from '../../src/system-calls';
import { tcpSocketAddress, unixSocketAddress } from '../../src/system-calls/socket-address';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const open = new Set<number>();
const sockets = new Set<net.Socket>();
const servers = new Set<net.Server>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  for (const descriptor of open) systemCalls().close(descriptor);
  for (const set of [sockets, servers, open]) set.clear();
});

function keep(descriptor: number): number {
  open.add(descriptor);
  return descriptor;
}

/** A server on a descriptor, which belongs to it from here on. */
async function serve(descriptor: number): Promise<{ accepted: net.Socket[] }> {
  const accepted: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.add(socket);
    accepted.push(socket);
  });
  servers.add(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ fd: descriptor }, resolve);
  });
  return { accepted };
}

function call(to: net.NetConnectOpts): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(to, () => resolve(socket));
    socket.once('error', reject);
    sockets.add(socket);
  });
}

async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 5000;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test.each(['127.0.0.1', '::1'])('several sockets listen on one port of %s', async (host) => {
  const { descriptors, port } = listenTcp({ host, port: 0, backlog: 16, count: 3 });
  const listening = await Promise.all(descriptors.map(serve));
  for (let i = 0; i < 60; i++) await call({ host, port });
  const counts = () => listening.map(({ accepted }) => accepted.length);
  await until(() => counts().reduce((sum, count) => sum + count) === 60);
  expect(counts().every((count) => count > 0)).toBe(true);
});

test('a port that somebody has is not shared with them, whoever they are', () => {
  const { descriptors, port } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 1, count: 2 });
  for (const descriptor of descriptors) keep(descriptor);
  const again = () => listenTcp({ host: '127.0.0.1', port, backlog: 1, count: 2 });
  expect(again).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
});

test('a port that is for several instances is shared with all that say so, and nobody else', () => {
  const own = { host: '127.0.0.1', port: 0, backlog: 1, count: 1, instances: true };
  const { descriptors, port } = listenTcp(own);
  const others = listenTcp({ ...own, port, count: 2 });
  for (const descriptor of [...descriptors, ...others.descriptors]) keep(descriptor);
  expect(others.port).toBe(port);
  const alone = () => listenTcp({ ...own, port, instances: false });
  expect(alone).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }));
});

test('connections wait in a listening socket while nobody accepts', async () => {
  const { descriptors, port } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 16, count: 1 });
  const client = await call({ host: '127.0.0.1', port });
  client.write('early');
  const { accepted } = await serve(descriptors[0] ?? -1);
  await until(() => accepted.length === 1);
  const heard = await new Promise((resolve) => accepted[0]?.once('data', resolve));
  expect(String(heard)).toBe('early');
});

test('a Unix socket listens at its path, and one in the abstract name space at none', async () => {
  const file = path.join(directory.path, 's');
  const { accepted } = await serve(listenUnix(file, 16));
  expect(existsSync(file)).toBe(true);
  await call({ path: file });
  await until(() => accepted.length === 1);
  rmSync(file);
  const name = `pgweir-test-${process.pid}`;
  keep(listenUnix(`@${name}`, 16));
  // Not connected to: Node 20 asks for a name with zeros up to the longest one's length behind it.
  const listening = readFileSync('/proc/net/unix', 'latin1').split('\n');
  expect(listening.filter((line) => line.endsWith(` @${name}`))).toHaveLength(1);
});

test('errors have the code of the system', () => {
  const gone = path.join(directory.path, 'no', 'such', 'folder');
  expect(() => listenUnix(gone, 1)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  const long = `/${'x'.repeat(200)}`;
  expect(() => listenUnix(long, 1)).toThrow(expect.objectContaining({ code: 'ENAMETOOLONG' }));
});

test('addresses are written as the system reads them', () => {
  expect(tcpSocketAddress('1.2.3.4', 5432).toString('hex')).toBe(
    `020015380102030400${'00'.repeat(7)}`,
  );
  const six = (host: string) => tcpSocketAddress(host, 1).subarray(8, 24).toString('hex');
  expect(six('::')).toBe('00'.repeat(16));
  expect(six('::1')).toBe(`${'00'.repeat(15)}01`);
  expect(six('2001:db8::8:1')).toBe('20010db8000000000000000000080001');
  expect(six('1:2:3:4:5:6:7:8')).toBe('00010002000300040005000600070008');
  expect(six('::ffff:10.0.0.255')).toBe('00000000000000000000ffff0a0000ff');
  expect(unixSocketAddress('@a').toString('hex')).toBe('01000061');
});

test('a descriptor is passed with its number, and lives on when the first one is closed', async () => {
  const [here, there] = descriptorChannel().map(keep);
  if (here === undefined || there === undefined) throw new Error('no channel');
  expect(takeDescriptor(there)).toBeUndefined();
  const { descriptors, port } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 4, count: 1 });
  const [first = -1] = descriptors;
  passDescriptor(here, first, 123_456_789_012_345);
  systemCalls().close(first);
  const taken = takeDescriptor(there);
  expect(taken?.number).toBe(123_456_789_012_345);
  expect(takeDescriptor(there)).toBeUndefined();
  const { accepted } = await serve(taken?.descriptor ?? -1);
  await call({ host: '127.0.0.1', port });
  await until(() => accepted.length === 1);
});

test('passing does not wait: too many at once are an error', () => {
  const [here, there] = descriptorChannel().map(keep);
  if (here === undefined || there === undefined) throw new Error('no channel');
  const { descriptors } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 4, count: 1 });
  const first = keep(descriptors[0] ?? -1);
  const flood = () => {
    for (let i = 0; i < 100_000; i++) passDescriptor(here, first, i);
  };
  expect(flood).toThrow(expect.objectContaining({ code: 'EAGAIN' }));
  for (let next = takeDescriptor(there); next !== undefined; next = takeDescriptor(there)) {
    systemCalls().close(next.descriptor ?? -1);
  }
});

test('the end of a connection is seen on a duplicate, behind what was sent before it', async () => {
  const { descriptors, port } = listenTcp({ host: '127.0.0.1', port: 0, backlog: 4, count: 1 });
  const { accepted } = await serve(descriptors[0] ?? -1);
  const client = await call({ host: '127.0.0.1', port });
  await until(() => accepted.length === 1);
  const [here, there] = descriptorChannel().map(keep);
  const handle: { fd: number } = Reflect.get(client, '_handle');
  client.pause();
  passDescriptor(here ?? -1, handle.fd, 1);
  const duplicate = keep(takeDescriptor(there ?? -1)?.descriptor ?? -1);
  expect(discardArrived(duplicate)).toBe(false);
  accepted[0]?.write(Buffer.alloc(300_000));
  let ended = false;
  accepted[0]?.once('end', () => {
    ended = true;
  });
  accepted[0]?.resume();
  endWriting(duplicate);
  await until(() => ended);
  accepted[0]?.end();
  await until(() => discardArrived(duplicate));
});

test('a process that does not renew its time is ended by the system, one that does is not', () => {
  const folder = path.join(__dirname, '..', '..', 'dist', 'system-calls');
  const script = (seconds: number) =>
    `const { endUnlessRenewed } = require(${JSON.stringify(folder)});
     endUnlessRenewed(1); endUnlessRenewed(${seconds});
     const endMs = Date.now() + 1500; while (Date.now() < endMs);`;
  const run = (seconds: number) =>
    spawnSync(process.execPath, ['-e', script(seconds)], { timeout: 10_000 });
  expect(run(1)).toMatchObject({ status: null, signal: 'SIGALRM' });
  expect(run(0)).toMatchObject({ status: 0 });
});

test('a descriptor for which there is no room is lost, and its number is known', () => {
  const script = `
    const { descriptorChannel, passDescriptor, takeDescriptor } = require(process.argv[1]);
    const { openSync } = require('node:fs');
    const [here, there] = descriptorChannel();
    passDescriptor(here, 0, 7);
    try { for (;;) openSync('/dev/null', 'r'); } catch (error) { console.log(error.code); }
    console.log(JSON.stringify(takeDescriptor(there)), takeDescriptor(there));
  `;
  const calls = path.join(__dirname, '..', '..', 'dist', 'system-calls');
  const limited = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '-e', script, calls];
  const output = execFileSync('sh', limited, { encoding: 'utf8' });
  expect(output).toBe('EMFILE\n{"number":7} undefined\n');
});
