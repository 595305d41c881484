import type { Socket } from 'node:net';
import { waitFor } from '@pgweir/testkit';
import { type HttpLimits, HttpServer } from '../../src/http/http-server';
import { BODY_BYTES_MAX } from '../../src/http/read-body';
import { plainAnswer, type Route, type Routes } from '../../src/http/route';
import { fetchFrom, httpStranger } from '../e2e/support/http';

const LIMITS: HttpLimits = {
  connections: 8,
  headersMs: 300,
  requestMs: 600,
  idleMs: 300,
  handlerMs: 200,
  readMs: 400,
};
const HUGE = Buffer.alloc(64 * 1024 * 1024, 'a');
const logged: string[] = [];
const quiet = (): void => undefined;
const log = {
  ...{ warn: quiet, info: quiet, debug: quiet },
  error: (line: string) => void logged.push(line),
};

const routes: Routes = new Map<string, Route>([
  ['/', { GET: () => plainAnswer(200, 'hello') }],
  ['/said', { POST: ({ body }) => plainAnswer(200, body.toString()), GET: () => undefined }],
  [
    '/asked',
    {
      GET: ({ query, headers, from }) =>
        plainAnswer(200, `${query.get('q')} ${headers.host} ${from}`),
    },
  ],
  ['/huge', { GET: () => ({ status: 200, type: 'text/plain', body: HUGE }) }],
  ['/never', { GET: () => new Promise<never>(() => undefined) }],
  [
    '/broken',
    {
      GET: () => {
        throw new Error('a secret of the inside');
      },
    },
  ],
]);

let server: HttpServer;
let port = 0;
const sockets: Socket[] = [];

beforeAll(async () => {
  const address = { host: '127.0.0.1', port: 0 };
  server = await HttpServer.listen(address, { routes, log, limits: LIMITS });
  port = server.port;
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(() => server.close());

function stranger(text: string): ReturnType<typeof httpStranger> {
  const one = httpStranger(port, text);
  sockets.push(one.socket);
  return one;
}

const head = (answer: string): string => answer.split('\r\n')[0] ?? '';

test('paths and methods have the answers of HTTP, and every answer has its headers', async () => {
  const hello = await fetchFrom(port, '/?x=1');
  expect(hello).toMatchObject({ status: 200, body: 'hello\n' });
  expect(hello.headers).toMatchObject({
    'cache-control': 'no-store',
    'content-length': '6',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'content-type': 'text/plain; charset=utf-8',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  const headers = await fetchFrom(port, '/', { method: 'HEAD' });
  expect(headers).toMatchObject({ status: 200, body: '' });
  expect(headers.headers['content-length']).toBe('6');
  expect((await fetchFrom(port, '/nothing')).status).toBe(404);
  expect((await fetchFrom(port, '/__proto__')).status).toBe(404);
  expect((await fetchFrom(port, '//evil.example/')).status).toBe(404);
  expect((await fetchFrom(port, '/said')).status).toBe(404);
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
    const refused = await fetchFrom(port, '/', { method });
    expect([method, refused.status, refused.headers.allow]).toEqual([method, 405, 'GET, HEAD']);
  }
  const body = 'x'.repeat(1000);
  expect((await fetchFrom(port, '/said', { method: 'POST', body })).body).toBe(`${body}\n`);
  expect((await fetchFrom(port, '/asked?q=a%20b')).body).toBe(`a b 127.0.0.1:${port} 127.0.0.1\n`);
});

test('what is no request, or too large, is refused, and its connection closed', async () => {
  expect(head(await stranger('\x16\x03\x01\x00garbage\r\n\r\n').closed)).toBe(
    'HTTP/1.1 400 Bad Request',
  );
  expect(head(await stranger('GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n').closed)).toMatch(/400/);
  expect(head(await stranger('GET / HTTP/1.1\r\n\r\n').closed)).toMatch(/400/);
  const long = 'x'.repeat(20_000);
  for (const text of [`GET /${long} HTTP/1.1\r\n`, `GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n`])
    expect(head(await stranger(`${text}\r\n`).closed)).toMatch(/ 431 /);
  const body = Buffer.alloc(BODY_BYTES_MAX + 1);
  expect((await fetchFrom(port, '/said', { method: 'POST', body })).status).toBe(413);
  const chunk = `10001\r\n${'x'.repeat(0x10001)}\r\n`;
  const chunked = `POST /said HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`;
  expect(head(await stranger(chunked).closed)).toMatch(/ 413 /);
});

test('who takes too long is cut off: to ask, to send a body, to read', async () => {
  const beganMs = performance.now();
  const slow = [
    stranger(''),
    stranger('GET / HTTP/1.1\r\nHost: a\r\n'),
    stranger('POST /said HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'),
  ];
  for (const { closed } of slow) expect(head(await closed)).toMatch(/^HTTP\/1.1 408 /);
  const reader = stranger('GET /huge HTTP/1.1\r\nHost: a\r\n\r\n');
  reader.socket.pause();
  await waitFor(() => reader.socket.readableLength > 0, { what: 'the answer to begin' });
  expect((await fetchFrom(port, '/')).status).toBe(200);
  // The system has what was sent; it is the rest that nobody waits for.
  await new Promise((resolve) => setTimeout(resolve, LIMITS.readMs + 300));
  reader.socket.resume();
  expect((await reader.closed).length).toBeLessThan(HUGE.length);
  expect(performance.now() - beganMs).toBeLessThan(10_000);
});

test('an answer that does not come is 503, one that fails is 500 and says nothing', async () => {
  expect((await fetchFrom(port, '/never')).status).toBe(503);
  expect(await fetchFrom(port, '/broken')).toMatchObject({ status: 500, body: 'internal error\n' });
  expect(logged).toEqual(['an http request failed']);
});

test('more connections than allowed are closed, and those that ask for nothing make room', async () => {
  const many = Array.from({ length: 200 }, () => stranger(''));
  let closed = 0;
  for (const each of many) void each.closed.then(() => closed++);
  await waitFor(() => closed >= 190, {
    what: 'those beyond the limit to be closed',
  });
  await waitFor(
    async () => {
      try {
        return (await fetchFrom(port, '/')).status === 200;
      } catch {
        return false;
      }
    },
    { what: 'an answer for somebody else' },
  );
});

test('requests sent ahead of their answers are a few, and then the connection ends', async () => {
  const ahead = 'GET /never HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50);
  expect(await stranger(ahead).closed).toBe('');
  const two = await stranger(
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ).closed;
  expect(two.match(/hello/g)).toHaveLength(2);
});
