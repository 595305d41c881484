import { type AgentOptions, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { Clock } from '@pgweir/pooler';
import type { StsRequest } from './read-token';
import { readAnswer, type StsAnswer } from './sts-answer';
import { SERVER_HEADER } from './token-form';

/** For one request, from the beginning to the last byte of its answer. */
export const ANSWER_MS_MAX = 5000;
const ANSWER_BYTES_MAX = 16_384;
const IDLE_SOCKETS_MAX = 16;
const HTTPS_PORT = 443;
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];

/** Who answers says who is who: no environment (`NODE_TLS_REJECT_UNAUTHORIZED`) lets that be anybody. */
const VERIFIED = { rejectUnauthorized: true } as const;

/** Another place that answers for STS. The operator says it, nobody else. */
interface Endpoint {
  readonly isPlain: boolean;
  readonly host: string;
  readonly port: number;
}

type Outcome = StsAnswer | { readonly kind: 'broken'; readonly why: string };

/**
 * Sends requests to STS, over connections that are kept. The server has to prove by its certificate that
 * it is the one; no redirect is followed, and no more of an answer is read than one needs.
 */
export class StsClient {
  readonly #clock: Clock;
  readonly #endpoint: Endpoint | undefined;
  /** Keeps connections. */
  readonly #agent: HttpsAgent | HttpAgent;
  /** Has a new one for each request. */
  readonly #freshAgent: HttpsAgent | HttpAgent;

  /**
   * @param endpoint - URL of what answers instead of STS's endpoints: https, or http to this host alone
   * @throws Error when it is not such a URL
   */
  constructor({ clock, endpoint = '' }: { readonly clock: Clock; readonly endpoint?: string }) {
    this.#clock = clock;
    this.#endpoint = endpoint === '' ? undefined : endpointOf(endpoint);
    const isPlain = this.#endpoint?.isPlain === true;
    const agent = (options: AgentOptions) =>
      isPlain ? new HttpAgent(options) : new HttpsAgent({ ...options, ...VERIFIED });
    this.#agent = agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS_MAX });
    this.#freshAgent = agent({ keepAlive: false });
  }

  /** Never rejects. When `signal` says that nobody wants to know, the answer means nothing. */
  async ask(request: StsRequest, signal: AbortSignal): Promise<StsAnswer> {
    const begunMs = this.#clock.nowMs();
    const first = await this.#send(request, signal, {
      limitMs: ANSWER_MS_MAX,
      agent: this.#agent,
    });
    if (first.kind !== 'broken') return first;
    const leftMs = ANSWER_MS_MAX - (this.#clock.nowMs() - begunMs);
    if (signal.aborted || leftMs <= 0) return { kind: 'unavailable', why: first.why };
    // Perhaps STS has closed a connection that was kept, just then; and with it all others.
    const second = await this.#send(request, signal, {
      limitMs: leftMs,
      agent: this.#freshAgent,
    });
    return second.kind === 'broken' ? { kind: 'unavailable', why: second.why } : second;
  }

  close(): void {
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }

  #send(
    request: StsRequest,
    signal: AbortSignal,
    { limitMs, agent }: { readonly limitMs: number; readonly agent: HttpsAgent | HttpAgent },
  ): Promise<Outcome> {
    const { host, port, isPlain } = this.#endpoint ?? {
      ...{ host: request.host, port: HTTPS_PORT, isPlain: false },
    };
    const options: RequestOptions = {
      ...{ method: 'GET', host, port, path: request.path, agent },
      headers: {
        host: request.host,
        [SERVER_HEADER]: request.serverName,
        accept: 'text/xml',
        'accept-encoding': 'identity',
      },
    };
    return new Promise((resolve) => {
      const sent = isPlain
        ? httpRequest(options)
        : httpsRequest({ ...options, ...VERIFIED, servername: nameOf(host) });
      const end = (outcome: Outcome): void => {
        cancel();
        signal.removeEventListener('abort', leave);
        resolve(outcome);
        // A connection of which the answer was read to its end is kept.
        if (outcome.kind === 'unavailable' || outcome.kind === 'broken') sent.destroy();
      };
      const leave = (): void => end({ kind: 'unavailable', why: 'nobody waits any more' });
      const cancel = this.#clock.after(limitMs, () =>
        end({ kind: 'unavailable', why: `STS has not answered within ${ANSWER_MS_MAX} ms` }),
      );
      signal.addEventListener('abort', leave);
      sent.on('error', (error) =>
        end({ kind: 'broken', why: `STS cannot be asked: ${faultOf(error)}` }),
      );
      sent.on('response', (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes <= ANSWER_BYTES_MAX) chunks.push(chunk);
          else end({ kind: 'unavailable', why: 'the answer of STS is too long' });
        });
        response.on('error', (error) => end({ kind: 'broken', why: `STS: ${faultOf(error)}` }));
        response.on('aborted', () => end({ kind: 'broken', why: 'STS has hung up' }));
        response.on('end', () =>
          end(readAnswer(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8'))),
        );
      });
      if (signal.aborted) leave();
      else sent.end();
    });
  }
}

/** Why `AWS_ENDPOINT_URL_STS` cannot have this value; undefined: it can. */
export function stsEndpointProblem(text: string): string | undefined {
  if (text === '' || readEndpoint(text) !== undefined) return undefined;
  return 'AWS_ENDPOINT_URL_STS is not https://HOST[:PORT], nor http to this host';
}

function endpointOf(text: string): Endpoint {
  const endpoint = readEndpoint(text);
  if (endpoint === undefined) throw new Error(stsEndpointProblem(text));
  return endpoint;
}

function readEndpoint(text: string): Endpoint | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isPlain = url?.protocol === 'http:';
  const isSecret = isPlain && LOOPBACK.includes(host);
  const isBare = url?.pathname === '/' && url.search === '' && url.username === '';
  if (url === undefined || !isBare || !(isSecret || url.protocol === 'https:')) return undefined;
  return { isPlain, host, port: Number(url.port) || (isPlain ? 80 : HTTPS_PORT) };
}

/** For the certificate; an address is no name that a client may ask for. */
function nameOf(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host;
}

/** The code where there is one: messages of the runtime may show what was sent. */
function faultOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
