import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { EtcdRefusal, EtcdStore, type Json } from './store';

export interface EtcdGatewayOptions {
  /** Who is let in; undefined: everybody. */
  readonly login?: { readonly user: string; readonly password: string };
  /** Of another member of the same cluster. */
  readonly store?: EtcdStore;
}

/** Answers in place of etcd. @returns false: etcd answers */
export type EtcdAccident = (path: string, response: ServerResponse) => boolean;

/** The JSON gateway of a member of etcd, with as much behind it as a lease needs. */
export class EtcdGateway {
  readonly store: EtcdStore;
  /** Paths that were asked for. */
  readonly asked: string[] = [];
  accident: EtcdAccident = () => false;
  readonly #http: HttpServer;
  readonly #login: EtcdGatewayOptions['login'];
  #tokens = new Set<string>();
  #tokenCount = 0;
  #port = 0;

  private constructor(http: HttpServer, { login, store }: EtcdGatewayOptions) {
    this.#http = http;
    this.#login = login;
    this.store = store ?? new EtcdStore();
  }

  static async open(options: EtcdGatewayOptions = {}): Promise<EtcdGateway> {
    const http = createServer();
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(0, '127.0.0.1', resolve);
    });
    const address = http.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port to listen on');
    const gateway = new EtcdGateway(http, options);
    gateway.#port = address.port;
    http.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        gateway.#serve(request.url ?? '', request.headers.authorization, body, response);
      });
    });
    return gateway;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Nobody's token is good any more. */
  forgetTokens(): void {
    this.#tokens = new Set();
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  #serve(url: string, token: string | undefined, body: string, response: ServerResponse): void {
    const path = url.slice(1);
    this.asked.push(path);
    if (this.accident(path, response)) return;
    try {
      const answer = this.#answer(path, token, JSON.parse(body) as Json);
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof EtcdRefusal)) throw error;
      const { status, code, message } = error;
      response.writeHead(status).end(JSON.stringify({ error: message, code, message }));
    }
  }

  #answer(path: string, token: string | undefined, json: Json): Json {
    if (path === 'v3/auth/authenticate') return this.#authenticate(json);
    if (this.#login !== undefined && !this.#tokens.has(token ?? '')) {
      throw new EtcdRefusal(401, 16, 'etcdserver: invalid auth token');
    }
    if (path === 'v3/lease/grant') return this.store.grant(json);
    if (path === 'v3/kv/range') return this.store.range(json);
    if (path === 'v3/kv/txn') return this.store.txn(json);
    throw new EtcdRefusal(404, 5, 'Not Found');
  }

  #authenticate({ name, password }: Json): Json {
    const isRight = name === this.#login?.user && password === this.#login?.password;
    if (!isRight) {
      const text = 'etcdserver: authentication failed, invalid user ID or password';
      throw new EtcdRefusal(400, 3, text);
    }
    this.#tokenCount++;
    const token = `token.${this.#tokenCount}`;
    this.#tokens.add(token);
    return { header: {}, token };
  }
}
