import { writeFileSync } from 'node:fs';
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Cluster } from '../cluster';
import type { Server } from './server';

/** What a demotion was asked for: the variables of its environment, without `PGWEIR_`. */
export type DemotionAsk = Readonly<Record<string, string>>;

/** Carries a demotion out. @throws Error whose text the command writes before it ends with 1 */
export type Demote = (ask: DemotionAsk) => Promise<void>;

const PROGRAM = `
const { request } = require('node:http');
const names = Object.keys(process.env).filter((name) => name.startsWith('PGWEIR_'));
const ask = Object.fromEntries(names.map((name) => [name.slice('PGWEIR_'.length), process.env[name]]));
const options = { port: Number(process.argv[2]), host: '127.0.0.1', method: 'POST', agent: false };
request(options, (answer) => {
  answer.pipe(answer.statusCode === 200 ? process.stdout : process.stderr);
  answer.on('end', () => { process.exitCode = answer.statusCode === 200 ? 0 : 1; });
}).end(JSON.stringify(ask));
`;

/**
 * A command line for `demote_command`, whose work is done in this process: the servers are its
 * children, so it is the one to stop and start them.
 */
export class DemotionDesk {
  /** What it has been asked for so far. */
  readonly asked: DemotionAsk[] = [];
  readonly command: string;
  readonly #http: HttpServer;

  private constructor(cluster: Cluster, http: HttpServer, port: number) {
    const program = join(cluster.dir, 'demote.cjs');
    writeFileSync(program, PROGRAM);
    this.command = `'${process.execPath}' '${program}' ${port}`;
    this.#http = http;
  }

  static async open(cluster: Cluster, demote: Demote): Promise<DemotionDesk> {
    const http = createServer();
    await new Promise<void>((resolve, reject) => {
      http.once('error', reject);
      http.listen(0, '127.0.0.1', resolve);
    });
    const address = http.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port to listen on');
    const desk = new DemotionDesk(cluster, http, address.port);
    http.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => void desk.#serve(JSON.parse(body) as DemotionAsk, demote, response));
    });
    return desk;
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    await new Promise<void>((resolve) => this.#http.close(() => resolve()));
  }

  async #serve(ask: DemotionAsk, demote: Demote, response: ServerResponse): Promise<void> {
    this.asked.push(ask);
    try {
      await demote(ask);
      response.writeHead(200).end('demoted\n');
    } catch (error) {
      response.writeHead(500).end(`${String(error)}\n`);
    }
  }
}

/** The server of a cluster that listens on this port. */
export function serverOn(cluster: Cluster, port: string | undefined): Server {
  const server = [cluster.primary, ...cluster.replicas].find((each) => String(each.port) === port);
  if (server === undefined) throw new Error(`no server listens on port ${port}`);
  return server;
}
