import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Daemon } from '@pgweir/testkit';

export interface HttpReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

interface HttpOptions {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks once, over a connection of its own. */
export function fetchFrom(
  port: number,
  path: string,
  options: HttpOptions = {},
): Promise<HttpReply> {
  const { method = 'GET', body, headers = {} } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, method, headers, agent: false, timeout: 10_000 },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: Buffer.concat(chunks).toString() });
        });
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer from ${path}`)));
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Where the daemon serves HTTP, with `metrics_addr = 127.0.0.1:0`: what it has logged last. */
export function httpPort(daemon: Daemon): number {
  const all = [...daemon.log().matchAll(/http: listening on 127\.0\.0\.1:(\d+)/g)];
  const port = Number(all.at(-1)?.[1]);
  if (!Number.isInteger(port)) throw new Error(`no HTTP port in the log:\n${daemon.log()}`);
  return port;
}

interface HttpStranger {
  readonly socket: Socket;
  /** What it was sent until the end. */
  readonly closed: Promise<string>;
}

/** A client that sends these bytes and leaves its side open; whoever asks for it destroys the socket. */
export function httpStranger(port: number, text: string): HttpStranger {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const closed = new Promise<string>((resolve) => {
    for (const end of ['error', 'close', 'end']) socket.on(end, () => resolve(received));
  });
  socket.write(text);
  return { socket, closed };
}
