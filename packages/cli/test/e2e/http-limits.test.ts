import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { waitFor } from '@pgweir/testkit';
import { commandOn, type Runtime } from './support/crew';
import { fetchFrom, httpStranger } from './support/http';

const PROGRAM = join(__dirname, 'support', 'limited-http.js');

/**
 * The limits are those of the runtime's own HTTP server, as `test/http/http-server.test.ts` has them for
 * Node.js in more detail.
 */
describe.each<Runtime>(['node', 'bun'])('on %s', (runtime) => {
  let server: ChildProcess;
  let port = 0;
  const sockets: Socket[] = [];

  beforeAll(async () => {
    const [program] = commandOn(runtime);
    const child = spawn(program, [PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    server = child;
    const [line] = await once(createInterface(child.stdout), 'line');
    port = Number(/^port (\d+)$/.exec(String(line))?.[1]);
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  afterAll(async () => {
    const gone = once(server, 'exit');
    server.stdin?.end();
    await gone;
  });

  function stranger(text: string): ReturnType<typeof httpStranger> {
    const one = httpStranger(port, text);
    sockets.push(one.socket);
    return one;
  }

  const isServed = async () => {
    try {
      return (await fetchFrom(port, '/')).status === 200;
    } catch {
      return false;
    }
  };

  test('paths, methods, sizes and nonsense have the answers of HTTP', async () => {
    expect(await fetchFrom(port, '/')).toMatchObject({ status: 200, body: 'hello\n' });
    expect((await fetchFrom(port, '/nothing')).status).toBe(404);
    const refused = await fetchFrom(port, '/', { method: 'DELETE' });
    expect([refused.status, refused.headers.allow]).toEqual([405, 'GET, HEAD']);
    const body = Buffer.alloc(64 * 1024 + 1);
    expect((await fetchFrom(port, '/said', { method: 'POST', body })).status).toBe(413);
    expect((await fetchFrom(port, '/never')).status).toBe(503);
    const long = 'x'.repeat(20_000);
    const head = `GET / HTTP/1.1\r\nHost: a\r\nX: ${long}\r\n\r\n`;
    expect(await stranger(head).closed).toMatch(/^HTTP\/1.1 431 /);
    expect(await stranger('\x16\x03\x01\x00garbage\r\n\r\n').closed).toMatch(/^(HTTP\/1.1 400 |$)/);
  });

  test('who takes too long is cut off: to ask, to send a body, to read', async () => {
    const slow = [
      stranger(''),
      stranger('GET / HTTP/1.1\r\nHost: a\r\n'),
      stranger('POST /said HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc'),
    ];
    await Promise.all(slow.map(({ closed }) => closed));
    const reader = stranger('GET /huge HTTP/1.1\r\nHost: a\r\n\r\n');
    reader.socket.pause();
    await waitFor(() => reader.socket.readableLength > 0, { what: 'the answer to begin' });
    // More than it may take to read: the system has a part of it, the rest is gone.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    reader.socket.resume();
    expect((await reader.closed).length).toBeLessThan(64 * 1024 * 1024);
  });

  test('those that ask for nothing do not keep others out for long', async () => {
    const many = Array.from({ length: 100 }, () => stranger(''));
    let closed = 0;
    for (const each of many) void each.closed.then(() => closed++);
    await waitFor(() => closed >= 92, { what: 'those beyond the limit to be closed' });
    await waitFor(isServed, { what: 'an answer for somebody else' });
  });

  test('requests sent ahead of their answers are a few, and then the connection ends', async () => {
    const ahead = 'GET /never HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(50);
    expect((await stranger(ahead).closed).match(/HTTP\/1.1/g) ?? []).toHaveLength(0);
    expect(await isServed()).toBe(true);
  });
});
