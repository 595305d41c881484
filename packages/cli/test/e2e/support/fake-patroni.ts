import { createServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster, Server } from '@pgweir/testkit';

/** What it lets in. */
export const PATRONI_LOGIN = 'weir:seven%20seals';
const AUTHORIZATION = `Basic ${Buffer.from('weir:seven seals').toString('base64')}`;

/** As `GET /cluster` has it. */
interface Scheduled {
  readonly at: string;
  readonly from: string;
  readonly to: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** The REST APIs of the members of a cluster, as Patroni has them, with a login for all. */
export class FakePatroni {
  leader: Server;
  /** What was asked for by POST. */
  readonly posted: unknown[] = [];
  /** Instead of a switchover. */
  refusal: Answer | undefined;
  #scheduled: Scheduled | undefined;
  readonly #cluster: Cluster;
  readonly #https: HttpServer[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.leader = cluster.primary;
  }

  get #members(): readonly Server[] {
    return [this.#cluster.primary, ...this.#cluster.replicas];
  }

  /** Listens for each member. @returns the value of `patroni` */
  async open(): Promise<string> {
    const urls = [];
    for (const member of this.#members) {
      const http = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8');
        request.on('data', (text: string) => {
          body += text;
        });
        request.on('end', () => {
          void this.#answer(member, request, body).then((answer) => {
            response.writeHead(answer.status).end(answer.body);
          });
        });
      });
      await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
      this.#https.push(http);
      const address = http.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      urls.push(`http://${PATRONI_LOGIN}@127.0.0.1:${port}`);
    }
    return urls.join(',');
  }

  /** Hands over in `ms` from now, whoever is at work then. Resolves when that is over. */
  async handOverIn(ms: number, candidate: Server): Promise<void> {
    const at = new Date(Date.now() + ms).toISOString();
    this.#scheduled = { at, from: this.leader.name, to: candidate.name };
    await delay(ms);
    await this.#handOver(candidate);
    this.#scheduled = undefined;
  }

  async close(): Promise<void> {
    for (const http of this.#https) {
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    }
  }

  async #answer(member: Server, request: IncomingMessage, body: string): Promise<Answer> {
    if (request.headers.authorization !== AUTHORIZATION) return { status: 401, body: '' };
    switch (`${request.method} ${request.url}`) {
      case 'GET /primary':
        return { status: member === this.leader ? 200 : 503, body: this.#node(member) };
      case 'GET /cluster':
        return { status: 200, body: this.#list() };
      case 'POST /switchover':
        return await this.#switchOver(JSON.parse(body));
      default:
        return { status: 404, body: '' };
    }
  }

  #node({ name }: Server): string {
    return JSON.stringify({ patroni: { name, scope: 'main' } });
  }

  #list(): string {
    const members = this.#members.map((member) => ({
      ...{ name: member.name, host: member.host, port: member.port, state: 'running' },
      role: member === this.leader ? 'leader' : 'replica',
    }));
    const scheduled = this.#scheduled;
    return JSON.stringify({ members, ...(scheduled && { scheduled_switchover: scheduled }) });
  }

  async #switchOver(asked: { readonly candidate: string }): Promise<Answer> {
    this.posted.push(asked);
    if (this.refusal !== undefined) return this.refusal;
    const candidate = this.#members.find(({ name }) => name === asked.candidate);
    if (candidate === undefined) return { status: 412, body: 'no such member' };
    await this.#handOver(candidate);
    return { status: 200, body: `Successfully switched over to "${candidate.name}"` };
  }

  async #handOver(candidate: Server): Promise<void> {
    const old = this.leader;
    await this.#cluster.demote(old, candidate);
    await candidate.promote();
    this.leader = candidate;
    await old.start();
  }
}
