import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { certsDir } from '../certs';
import type { SignedRequest } from './canonical-request';
import { issueCertificate } from './issue-certificate';

/** What happens to a request in place of an answer. */
export type AwsAccident =
  /** Answered as always, but later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Never answered. */
  | { readonly kind: 'hang' }
  /** The connection is cut. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'throttle' }
  /** 503, or the 500 of a JSON service. */
  | { readonly kind: 'unavailable' }
  /** 200, and a body that is neither XML nor JSON. */
  | { readonly kind: 'garbage' }
  /** 200, and a body without an end. */
  | { readonly kind: 'endless' }
  /** 302 */
  | { readonly kind: 'redirect'; readonly to: string }
  /** Whatever a test wants to be answered. */
  | { readonly kind: 'answer'; readonly status: number; readonly body: string };

export interface AwsEndpointOptions {
  /** TLS with a certificate of testkit's CA for 127.0.0.1, `localhost`, and these names. Default: HTTP. */
  readonly tls?: { readonly names?: readonly string[] };
  /** Default: a free one. */
  readonly port?: number;
  /** Milliseconds since the epoch. Default: now. Signatures, and the Date header, go by it. */
  readonly wallMs?: () => number;
}

/** A request that came, also when it was refused or got no answer. */
export interface AwsRequest extends SignedRequest {
  readonly body: string;
  readonly atMs: number;
}

export interface AwsAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** What a service makes of requests. */
export interface AwsService {
  answer(request: AwsRequest): AwsAnswer;
  throttled(): AwsAnswer;
  unavailable(): AwsAnswer;
}

/** More than any request of these services needs. */
const BODY_CHARS_MAX = 1_000_000;

/** An HTTP server on 127.0.0.1 that plays one of AWS's endpoints. */
export class AwsEndpoint {
  /** In the order in which they came. */
  readonly requests: AwsRequest[] = [];
  /** How many connections there have been. */
  connections = 0;
  readonly wallMs: () => number;
  readonly #service: AwsService;
  readonly #isSecure: boolean;
  readonly #http: Server;
  readonly #timers = new Set<NodeJS.Timeout>();
  #accident: { readonly what: AwsAccident; left: number } | undefined;
  #port: number;

  constructor(service: AwsService, options: AwsEndpointOptions) {
    this.#service = service;
    this.#isSecure = options.tls !== undefined;
    this.#http = options.tls === undefined ? createServer() : secureServer(options.tls.names ?? []);
    this.#port = options.port ?? 0;
    this.wallMs = options.wallMs ?? Date.now;
    this.#http.on('connection', () => this.connections++);
    this.#http.on('request', (request, response) => this.#receive(request, response));
  }

  /** As in AWS_ENDPOINT_URL. */
  get url(): string {
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** From now on, or for so many requests; undefined: no more. */
  setAccident(what: AwsAccident | undefined, times = Number.POSITIVE_INFINITY): void {
    this.#accident = what === undefined ? undefined : { what, left: times };
  }

  /** Listens, after `stop` on the same port. */
  async start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(this.#port, '127.0.0.1', resolve);
    });
    const address = this.#http.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port to listen on');
    this.#port = address.port;
  }

  /** Cuts all connections. Can be called twice. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    if (!this.#http.listening) return;
    const closed = new Promise((resolve) => this.#http.close(resolve));
    this.#http.closeAllConnections();
    await closed;
  }

  #receive(message: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (chunks.reduce((sum, { length }) => sum + length, 0) > BODY_CHARS_MAX) message.destroy();
    });
    message.on('end', () => {
      const raw = message.rawHeaders;
      const request = {
        ...{ method: message.method ?? '', url: message.url ?? '', atMs: this.wallMs() },
        headers: raw.flatMap((name, i) =>
          i % 2 === 0 ? ([[name, raw[i + 1] ?? '']] as const) : [],
        ),
        body: Buffer.concat(chunks).toString(),
      };
      this.requests.push(request);
      const accident = this.#nextAccident();
      if (accident === undefined) this.#send(response, this.#service.answer(request));
      else this.#meet(accident, request, response);
    });
  }

  #nextAccident(): AwsAccident | undefined {
    const accident = this.#accident;
    if (accident === undefined) return undefined;
    accident.left--;
    if (accident.left <= 0) this.#accident = undefined;
    return accident.what;
  }

  #meet(accident: AwsAccident, request: AwsRequest, response: ServerResponse): void {
    switch (accident.kind) {
      case 'delay': {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#send(response, this.#service.answer(request));
        }, accident.ms);
        this.#timers.add(timer);
        return;
      }
      case 'hang':
        return;
      case 'reset':
        return void response.destroy();
      case 'throttle':
        return this.#send(response, this.#service.throttled());
      case 'unavailable':
        return this.#send(response, this.#service.unavailable());
      case 'garbage':
        return this.#send(response, { ...PLAIN, body: '\u0001}<<not what was asked for' });
      case 'redirect':
        return void response.writeHead(302, { Location: accident.to }).end();
      case 'answer':
        return this.#send(response, { ...PLAIN, ...accident });
      case 'endless':
        return this.#pour(response);
    }
  }

  #send(response: ServerResponse, { status, contentType, body }: AwsAnswer): void {
    const date = new Date(this.wallMs()).toUTCString();
    response.writeHead(status, { 'Content-Type': contentType, Date: date }).end(body);
  }

  /** As fast as the other side takes it. */
  #pour(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/xml' });
    const chunk = Buffer.alloc(65_536, ' ');
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    response.on('error', () => response.destroy());
    more();
  }
}

const PLAIN = { status: 200, contentType: 'text/plain' };

function secureServer(names: readonly string[]): Server {
  if (names.length > 0) return createSecureServer(issueCertificate(names));
  const read = (name: string): Buffer => readFileSync(join(certsDir(), name));
  return createSecureServer({ key: read('server.key'), cert: read('server.crt') });
}
