import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';

type Reply = (response: http.ServerResponse, body: string) => void;

/** Answers as Patroni does, or as a test wants. Paths without their slash. */
export class FakePatroni {
  readonly url: URL;
  /** By method and path, `GET primary`; what is not there is 404. */
  readonly replies = new Map<string, Reply>();
  /** What has been asked, `GET /primary`. */
  readonly asked: string[] = [];
  readonly bodies: string[] = [];
  authorization: string | undefined;
  readonly #server: http.Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: http.Server, url: URL) {
    this.#server = server;
    this.url = url;
  }

  static async start(tls?: { readonly cert: string; readonly key: string }): Promise<FakePatroni> {
    const server = tls === undefined ? http.createServer() : https.createServer(tls);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const scheme = tls === undefined ? 'http' : 'https';
    const fake = new FakePatroni(server, new URL(`${scheme}://127.0.0.1:${port}`));
    server.on('request', (request, response) => fake.#request(request, response));
    server.on('connection', (socket: Socket) => {
      fake.#sockets.add(socket);
      socket.on('close', () => fake.#sockets.delete(socket));
    });
    return fake;
  }

  /** Connections that are open. */
  get open(): number {
    return this.#sockets.size;
  }

  reply(question: string, status: number, body: unknown = {}): this {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    this.replies.set(question, (response) => response.writeHead(status).end(text));
    return this;
  }

  /** As a member of a cluster in which `leads` is the leader; members are a, b … at 10.0.0.1 … */
  plays(name: string, leads: string | undefined, more: object = {}): this {
    const members = ['a', 'b', 'c'].map((member, index) => ({
      ...{ name: member, host: `10.0.0.${index + 1}`, port: 5432, lag: 'unknown' },
      ...{ role: member === leads ? 'leader' : 'replica', state: 'running' },
    }));
    const timeline = leads === 'a' ? 1 : 2;
    this.reply('GET primary', name === leads ? 200 : 503, { timeline, patroni: { scope: 's' } });
    return this.reply('GET cluster', 200, { members, ...more });
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #request(request: http.IncomingMessage, response: http.ServerResponse): void {
    const question = `${request.method} ${(request.url ?? '').slice(1)}`;
    this.asked.push(question);
    this.authorization = request.headers.authorization;
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      this.bodies.push(body);
      const reply = this.replies.get(question);
      if (reply === undefined) response.writeHead(404).end();
      else reply(response, body);
    });
  }
}
