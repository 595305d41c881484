import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Logger } from '@pgweir/pooler';
import type { HttpAddress } from '../config/http-address';
import { errorCode, reasonOf } from '../system-error';
import { BODY_BYTES_MAX, readBody } from './read-body';
import { type HttpAnswer, type HttpRequest, plainAnswer, type Route, type Routes } from './route';

/** What nobody may go beyond. */
export interface HttpLimits {
  /** More are closed as they come. */
  readonly connections: number;
  /** From the first byte of a request, or from the start of a connection, to the end of its headers. */
  readonly headersMs: number;
  /** To its end. */
  readonly requestMs: number;
  /** How long a connection may be kept for nothing. */
  readonly idleMs: number;
  /** For whoever answers. */
  readonly handlerMs: number;
  /** For an answer to be read. */
  readonly readMs: number;
}

const LIMITS: HttpLimits = {
  connections: 64,
  headersMs: 10_000,
  requestMs: 15_000,
  idleMs: 10_000,
  handlerMs: 10_000,
  readMs: 20_000,
};

/** Requests of one connection that are not answered yet. Nobody needs to send them ahead. */
const AHEAD_MAX = 2;
const HEADER_BYTES_MAX = 16 * 1024;
/** How often connections are looked at for those that take too long. */
const LOOKS = 10;
/** From the last words to the end of a connection. */
const FAREWELL_MS = 1000;

/** What every answer has, unless its route says otherwise. */
const HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** How requests end that are no requests, by the code of the parser's error. */
const BAD_REQUESTS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
};

export interface Served {
  readonly routes: Routes;
  readonly log: Logger;
  /** Others than the usual ones. */
  readonly limits?: HttpLimits;
}

/**
 * A small HTTP server for people and programs that look after the daemon. Everything about it is bounded:
 * connections, the size and time of requests, and how long somebody may take to read an answer.
 */
export class HttpServer {
  readonly address: HttpAddress;
  readonly #server: Server;
  readonly #routes: Routes;
  readonly #log: Logger;
  readonly #limits: HttpLimits;
  readonly #unanswered = new WeakMap<Socket, number>();

  private constructor(address: HttpAddress, { routes, log, limits = LIMITS }: Served) {
    this.address = address;
    this.#routes = routes;
    this.#log = log;
    this.#limits = limits;
    const options = {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.headersMs / LOOKS,
      keepAliveTimeout: limits.idleMs,
    };
    this.#server = createServer(options, (request, response) => {
      void this.#serve(request, response);
    });
    this.#server.maxConnections = limits.connections;
    // Those who only keep a connection make room for the next one.
    this.#server.on('drop', () => this.#server.closeIdleConnections());
    this.#server.on('clientError', sayGoodbye);
  }

  /** @throws the system's error */
  static async listen(address: HttpAddress, served: Served): Promise<HttpServer> {
    const made = new HttpServer(address, served);
    const server = made.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: address.port, ...hostOf(address) }, () => {
        server.removeListener('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => served.log.error('http server', { reason: reasonOf(error) }));
    return made;
  }

  /** Where it listens in truth. */
  get port(): number {
    const bound = this.#server.address();
    return isAddressInfo(bound) ? bound.port : this.address.port;
  }

  /** Accepts nobody any more at once. Resolves when the answers that were under way are over. */
  close(): Promise<void> {
    const cut = setTimeout(() => this.#server.closeAllConnections(), FAREWELL_MS);
    return new Promise((resolve) => {
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const ahead = (this.#unanswered.get(socket) ?? 0) + 1;
    if (ahead > AHEAD_MAX) {
      socket.destroy();
      return;
    }
    this.#unanswered.set(socket, ahead);
    const { handlerMs, readMs, requestMs } = this.#limits;
    const late = setTimeout(() => socket.destroy(), requestMs + handlerMs + readMs);
    response.on('close', () => {
      clearTimeout(late);
      this.#unanswered.set(socket, (this.#unanswered.get(socket) ?? 1) - 1);
    });
    // A client that is gone gets no answer, and that is all.
    request.on('error', () => response.destroy());
    response.on('error', () => response.destroy());
    const isHead = request.method === 'HEAD';
    send(response, await this.#answer(request), { isHead, readMs });
  }

  async #answer(request: IncomingMessage): Promise<HttpAnswer> {
    const { url = '' } = request;
    if (!url.startsWith('/')) return closing(400, 'bad request');
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
    const route = this.#routes.get(path);
    const body = await readBody(request);
    if (body === 'too large') return closing(413, `a body of at most ${BODY_BYTES_MAX} bytes`);
    if (body === 'broken') return closing(400, 'bad request');
    if (route === undefined) return NOT_FOUND;
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const handler = method === 'GET' || method === 'POST' ? route[method] : undefined;
    if (handler === undefined || (method !== 'GET' && method !== 'POST')) {
      return plainAnswer(405, 'method not allowed', { Allow: allowed(route) });
    }
    const { headers, socket } = request;
    const from = socket.remoteAddress ?? '';
    return await this.#handle({ method, path, query, headers, body, from }, handler);
  }

  async #handle(request: HttpRequest, handler: NonNullable<Route['GET']>): Promise<HttpAnswer> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<HttpAnswer>((resolve) => {
      timer = setTimeout(
        () => resolve(plainAnswer(503, 'no answer in time')),
        this.#limits.handlerMs,
      );
    });
    try {
      return (await Promise.race([handler(request), late])) ?? NOT_FOUND;
    } catch (error) {
      this.#log.error('an http request failed', { path: request.path, reason: reasonOf(error) });
      return plainAnswer(500, 'internal error');
    } finally {
      clearTimeout(timer);
    }
  }
}

const NOT_FOUND = plainAnswer(404, 'not found');

function closing(status: number, line: string): HttpAnswer {
  return plainAnswer(status, line, { Connection: 'close' });
}

function allowed(route: Route): string {
  return [
    ...(route.GET === undefined ? [] : ['GET', 'HEAD']),
    ...(route.POST ? ['POST'] : []),
  ].join(', ');
}

function send(
  response: ServerResponse,
  { status, type, body, headers }: HttpAnswer,
  { isHead, readMs }: { readonly isHead: boolean; readonly readMs: number },
): void {
  if (response.destroyed) return;
  const { socket } = response;
  const unread = setTimeout(() => socket?.destroy(), readMs);
  response.on('close', () => clearTimeout(unread));
  const length = { 'Content-Type': type, 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...HEADERS, ...length, ...headers });
  response.end(isHead ? undefined : body);
}

/** To somebody whose request is none. The other side may never close its end. */
function sayGoodbye(error: Error, socket: Duplex): void {
  setTimeout(() => socket.destroy(), FAREWELL_MS).unref();
  if (!socket.writable) return;
  const status = BAD_REQUESTS[errorCode(error) ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function hostOf({ host }: HttpAddress): { readonly host?: string } {
  return host === '*' ? {} : { host };
}

function isAddressInfo(value: string | AddressInfo | null): value is AddressInfo {
  return typeof value === 'object' && value !== null;
}
