import { spawn } from 'node:child_process';
import { chmodSync } from 'node:fs';
import net from 'node:net';
import { userInfo } from 'node:os';
import { localUserName, systemAccounts } from '../../src/process/accounts';
import { systemSocketPeers } from '../../src/runtime/socket-peers';
import { peerProblem, peerUserId } from '../../src/system-calls';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const warnings: string[] = [];
const quiet = (): void => undefined;
const peers = systemSocketPeers({
  ...{ error: quiet, info: quiet, debug: quiet },
  warn: (message) => warnings.push(message),
});

/** Asks who is at the other end of a connection that `connect` makes to a path. */
async function asked<T>(connect: (file: string) => () => void, ask: (fd: number) => T): Promise<T> {
  const file = directory.file('s');
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(file, resolve));
  chmodSync(directory.path, 0o755);
  chmodSync(file, 0o777);
  const accepted = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const stop = connect(file);
  const socket = await accepted;
  try {
    const handle: { fd: number } = Reflect.get(socket, '_handle');
    return ask(handle.fd);
  } finally {
    socket.destroy();
    stop();
    server.close();
  }
}

const fromHere = (file: string) => {
  const socket = net.connect(file);
  return () => void socket.destroy();
};

test('a process at the other end that runs as we do is our own user', async () => {
  expect(peerProblem()).toBeUndefined();
  expect(await asked(fromHere, peerUserId)).toBe(process.geteuid?.());
  expect(await asked(fromHere, (fd) => peers.peerOf(fd))).toEqual({
    userName: userInfo().username,
    isOwnUser: true,
  });
});

const nobody = systemAccounts.user('nobody');
const asNobody = process.getuid?.() === 0 && nobody !== undefined ? test : test.skip;

asNobody('a process of another user is not (needs root)', async () => {
  const connect = (file: string) => {
    const script = 'require("node:net").connect(process.argv[1]); process.stdin.resume();';
    const child = spawn(process.execPath, ['-e', script, file], {
      ...{ uid: nobody?.uid, gid: nobody?.gid, cwd: '/' },
      stdio: ['pipe', 'inherit', 'inherit'],
    });
    return () => void child.kill();
  };
  expect(await asked(connect, (fd) => peers.peerOf(fd))).toEqual({
    userName: 'nobody',
    isOwnUser: false,
  });
});

test('what is no Unix socket has nobody at its other end, and the log says so', () => {
  expect(peers.peerOf(-1)).toBeUndefined();
  expect(warnings).toEqual(['cannot tell who is at the other end of a Unix socket']);
});

test('a number has the name of this system, or none', () => {
  expect(localUserName(0)).toBe('root');
  expect(localUserName(4_000_000_000)).toBeUndefined();
});
