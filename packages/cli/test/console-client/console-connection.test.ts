import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  ConsoleConnection,
  type ConsoleTarget,
  PasswordWouldShow,
} from '../../src/console-client/console-connection';

const sockets = new Set<Socket>();
const servers: Server[] = [];

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** Whoever holds the port. @returns where it is, and all that it was told */
async function stranger(answer: (heard: Buffer, socket: Socket) => void) {
  let heard = '';
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1');
      answer(chunk, socket);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has an address of this form.
  return { port: (server.address() as AddressInfo).port, heard: () => heard };
}

const CLEAR = Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1');
const MD5 = Buffer.from('R\0\0\0\x0c\0\0\0\x05salt', 'latin1');
const isSslRequest = (heard: Buffer) => heard.length === 8 && heard.readInt32BE(4) === 80_877_103;

const TARGET: Omit<ConsoleTarget, 'port'> = {
  ...{ host: '127.0.0.1', user: 'dba', password: 'hunter2' },
  ...{ tls: [false], proof: 'scram' },
};

test.each([
  ['clear text', CLEAR],
  ['MD5', MD5],
])('who asks for %s gets no password where only a proof may be given', async (_how, ask) => {
  const { port, heard } = await stranger((_heard, socket) => socket.write(ask));
  for (const password of ['hunter2', undefined]) {
    const console = new ConsoleConnection({ ...TARGET, port, password }, 'test');
    await expect(console.open()).rejects.toBeInstanceOf(PasswordWouldShow);
    console.close();
  }
  expect(heard()).not.toContain('hunter2');
  expect(heard()).not.toContain('md5');
  expect(heard()).not.toContain('p\0\0\0');
});

test('whom somebody has named by a URL gets it as it asks', async () => {
  const { port, heard } = await stranger((said, socket) => {
    if (said[0] === 0x70) socket.destroy();
    else socket.write(CLEAR);
  });
  const console = new ConsoleConnection({ ...TARGET, port, proof: 'any' }, 'test');
  await expect(console.open()).rejects.toThrow();
  console.close();
  expect(heard()).toContain('hunter2');
});

test('TLS is tried first, and done without where there is none and it need not be', async () => {
  const asked: boolean[] = [];
  const { port } = await stranger((said, socket) => {
    asked.push(isSslRequest(said));
    socket.write(isSslRequest(said) ? 'N' : CLEAR);
  });
  const both = new ConsoleConnection({ ...TARGET, port, tls: [{}, false] }, 'test');
  await expect(both.open()).rejects.toBeInstanceOf(PasswordWouldShow);
  both.close();
  expect(asked).toEqual([true, false]);
  const needed = new ConsoleConnection({ ...TARGET, port, tls: [{}] }, 'test');
  await expect(needed.open()).rejects.toThrow('does not support SSL');
  needed.close();
  expect(asked).toEqual([true, false, true]);
});
