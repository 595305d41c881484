import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { errorResponse } from '@pgweir/protocol';
import { healthTarget, readAddress } from '../../src/healthcheck/health-target';
import { healthcheck } from '../../src/healthcheck/healthcheck';
import type { HealthcheckOptions } from '../../src/tools/healthcheck';
import { tempDir } from '../support/temp-dir';

const directory = tempDir();
const servers: Server[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has an address of this form.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ask(target: HealthcheckOptions['target'], timeoutMs = 5000) {
  let said = '';
  const stdout = {
    write: (text: string) => {
      said += text;
    },
  };
  const code = await healthcheck({ target, timeoutMs }, directory.path, stdout);
  return { code, said };
}

const answering = (answer: Buffer | string) =>
  createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => socket.end(answer));
  });

test.each([
  [200, 'ok', 0, 'serving'],
  [503, 'draining\n', 1, 'rejecting: 503 draining'],
  [404, '', 1, 'rejecting: 404'],
])('HTTP %i "%s" exits with %i', async (status, body, code, said) => {
  const asked: (string | undefined)[] = [];
  const addr = await listen(
    createHttpServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(status).end(body);
    }),
  );
  expect(await ask({ kind: 'http', addr })).toEqual({ code, said: `${addr} - ${said}\n` });
  expect(asked).toEqual(['GET /readyz']);
  writeFileSync(directory.file('c.ini'), `[pgbouncer]\nmetrics_addr = ${addr}\nlisten_port = 1\n`);
  expect(await ask({ kind: 'config', path: 'c.ini' })).toMatchObject({ code });
});

test.each([
  ['a request for a password', Buffer.from('R\0\0\0\x08\0\0\0\x03', 'latin1'), 0],
  ['somebody unknown', errorResponse({ severity: 'FATAL', code: '28P01', message: 'no' }), 0],
  ['no more clients', errorResponse({ severity: 'FATAL', code: '53300', message: 'no' }), 0],
  ['starting', errorResponse({ severity: 'FATAL', code: '57P03', message: 'not yet' }), 1],
  ['stopping', errorResponse({ severity: 'FATAL', code: '57P01', message: 'no more' }), 1],
  ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n', 2],
  ['a length that is none', Buffer.from('E\0\0\0\0', 'latin1'), 2],
  [
    'half an answer',
    errorResponse({ severity: 'FATAL', code: '57P03', message: 'x' }).subarray(0, 9),
    2,
  ],
  ['nothing', '', 2],
])('a listener that answers %s', async (_what, answer, code) => {
  const addr = await listen(answering(answer));
  expect((await ask({ kind: 'listener', addr })).code).toBe(code);
});

test.each(['http', 'listener'] as const)(
  '%s: who never answers is silent in time',
  async (kind) => {
    const addr = await listen(createServer());
    const { code, said } = await ask({ kind, addr }, 50);
    expect(code).toBe(2);
    expect(said).toContain('no answer within');
  },
);

test('nobody to ask exits with 3, and says why', async () => {
  expect(await ask({ kind: 'config', path: 'none.ini' })).toMatchObject({ code: 3 });
  expect(await ask({ kind: 'http', addr: 'nowhere' })).toEqual({
    code: 3,
    said: 'nowhere is not host:port\n',
  });
  writeFileSync(directory.file('off.ini'), '[pgbouncer]\nunix_socket_dir =\n');
  expect(await ask({ kind: 'config', path: 'off.ini' })).toMatchObject({ code: 3 });
});

test.each([
  [
    { metrics_addr: '*:9127', listen_addr: '*' },
    { kind: 'http', host: '127.0.0.1', port: 9127 },
  ],
  [{ metrics_addr: '[::]:9127' }, { kind: 'http', host: '::1', port: 9127 }],
  [{ listen_addr: 'a, b' }, { kind: 'listener', host: 'a', port: 6432 }],
  [
    { listen_addr: '*', listen_port: '7000' },
    { kind: 'listener', host: '127.0.0.1', port: 7000 },
  ],
  [{}, { kind: 'listener', path: '/tmp/.s.PGSQL.6432' }],
  [{ unix_socket_dir: '@p' }, { kind: 'listener', path: '@p/.s.PGSQL.6432' }],
  [{ unix_socket_dir: '/run' }, { kind: 'listener', path: '/run/.s.PGSQL.6432' }],
])('%j is asked at %j', (settings, { kind, ...address }) => {
  const values: Readonly<Record<string, string>> = settings;
  expect(healthTarget((name) => values[name])).toEqual({ kind, address });
});

test.each(['', 'host', 'host:', ':0', 'host:65536', 'a b:1', '[::1:1', '::1'])(
  '%j is no address',
  (text) => {
    expect(readAddress(text)).toBeUndefined();
  },
);
