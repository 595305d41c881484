import net from 'node:net';
import { adoptListening, listenTcp, listenUnix, systemCalls } from '../../src/system-calls';
import {
  readSocketAddress,
  tcpSocketAddress,
  unixSocketAddress,
} from '../../src/system-calls/socket-address';
import { tempDir } from '../support/temp-dir';

const F_GETFD = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const O_NONBLOCK = 0o4000;

const directory = tempDir();
const open = new Set<number>();

afterEach(() => {
  for (const descriptor of open) systemCalls().close(descriptor);
  open.clear();
});

function keep(descriptor: number): number {
  open.add(descriptor);
  return descriptor;
}

test.each(['127.0.0.1', '::1'])('a socket on %s is taken over with its address', (host) => {
  const { descriptors, port } = listenTcp({ host, port: 0, backlog: 4, count: 1 });
  const given = descriptors[0] ?? -1;
  systemCalls().must('fcntl', given, F_SETFL, 0);
  const { descriptor, address } = adoptListening(given);
  keep(descriptor);
  expect(address).toEqual({ kind: 'tcp', host, port });
  // Not among those that a child has for its own purposes.
  expect(descriptor).toBeGreaterThanOrEqual(64);
  const { native } = systemCalls();
  expect(native.call('fcntl', descriptor, F_GETFD, 0) & FD_CLOEXEC).toBe(FD_CLOEXEC);
  expect(native.call('fcntl', descriptor, F_GETFL, 0) & O_NONBLOCK).toBe(O_NONBLOCK);
  expect(native.call('fcntl', given, F_GETFD, 0)).toBe(-1);
});

test('so is a Unix socket, with its path or its abstract name', () => {
  const file = directory.file('s');
  const { descriptor, address } = adoptListening(listenUnix(file, 4));
  keep(descriptor);
  expect(address).toEqual({ kind: 'unix', path: file });
  const name = `@pgweir-given-${process.pid}`;
  const abstract = adoptListening(listenUnix(name, 4));
  keep(abstract.descriptor);
  expect(abstract.address).toEqual({ kind: 'unix', path: name });
});

test('what does not listen is refused and left alone', async () => {
  const { native } = systemCalls();
  const datagram = keep(native.call('socket', 1, 2, 0));
  const stream = keep(native.call('socket', 1, 1, 0));
  for (const descriptor of [datagram, stream]) {
    expect(() => adoptListening(descriptor)).toThrow('is no stream socket that listens');
    expect(native.call('fcntl', descriptor, F_GETFD, 0)).toBeGreaterThanOrEqual(0);
  }
  expect(() => adoptListening(99_999)).toThrow(expect.objectContaining({ code: 'EBADF' }));
});

test('addresses are read as they are written', () => {
  const hosts = ['1.2.3.4', '::', '::1', '2001:db8::8:1', '1:2:3:4:5:6:7:8', 'fe80::'];
  for (const host of hosts) {
    const read = readSocketAddress(tcpSocketAddress(host, 65_432));
    expect(read).toEqual({ kind: 'tcp', host, port: 65_432 });
    expect(net.isIP(host)).toBeGreaterThan(0);
  }
  for (const path of ['/tmp/.s.PGSQL.5432', '@name']) {
    expect(readSocketAddress(unixSocketAddress(path))).toEqual({ kind: 'unix', path });
  }
  expect(readSocketAddress(Buffer.from([16, 0, 0, 0]))).toBeUndefined();
});
