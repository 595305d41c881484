import * as http from 'node:http';
import * as https from 'node:https';
import type { Clock, Resolver } from '@pgweir/pooler';
import { lookupThrough } from '../probe/lookup';
import type { TlsOptions } from '../probe/probe-connection';

/** More is no answer to any of our questions. */
const BODY_BYTES_MAX = 262_144;

export interface HttpPeerNeeds {
  /** `http:` or `https:`, perhaps with a login, and a path that everything is below. */
  readonly url: URL;
  /** For `https:`; undefined: the system's authorities. */
  readonly tls: TlsOptions | undefined;
  readonly clock: Clock;
  /** undefined: the system's. */
  readonly resolver: Resolver | undefined;
}

export interface HttpQuestion {
  readonly method: 'GET' | 'POST';
  /** Without a slash in front. */
  readonly path: string;
  readonly json?: unknown;
  /** Instead of the login of the URL. */
  readonly authorization?: string;
  /** For everything: name, connection, TLS, the whole answer. */
  readonly deadlineMs: number;
}

export type HttpAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      /** The peer's clock on the wall, in whole seconds, milliseconds since 1970; undefined: not told. */
      readonly dateMs: number | undefined;
    }
  /** `wasConnected`: the question may have arrived. */
  | { readonly kind: 'failed'; readonly reason: string; readonly wasConnected: boolean };

/** One HTTP server that is asked short questions. Follows no redirections, and believes no length. */
export class HttpPeer {
  /** For logs: without what may be secret. */
  readonly name: string;
  readonly #needs: HttpPeerNeeds;
  readonly #base: URL;
  readonly #authorization: string | undefined;

  constructor(needs: HttpPeerNeeds) {
    this.#needs = needs;
    const { url } = needs;
    this.name = `${url.protocol}//${url.host}`;
    this.#base = new URL(url);
    this.#base.username = '';
    this.#base.password = '';
    this.#base.search = '';
    if (!this.#base.pathname.endsWith('/')) this.#base.pathname += '/';
    if (url.username !== '' || url.password !== '') {
      const words = [url.username, url.password].map(decodeURIComponent).join(':');
      this.#authorization = `Basic ${Buffer.from(words).toString('base64')}`;
    }
  }

  /** Calls `done` once, never within this call. Returns the way to give up: nothing is called then. */
  ask(question: HttpQuestion, done: (answer: HttpAnswer) => void): () => void {
    let isSettled = false;
    let wasConnected = false;
    const settle = (answer: HttpAnswer): void => {
      if (isSettled) return;
      isSettled = true;
      stopTimer();
      request.destroy();
      done(answer);
    };
    const fail = (reason: string): void => settle({ kind: 'failed', reason, wasConnected });
    const body = question.json === undefined ? undefined : JSON.stringify(question.json);
    const request = this.#request(question, body);
    const stopTimer = this.#needs.clock.after(question.deadlineMs, () => {
      fail(`no answer in ${question.deadlineMs} ms`);
    });
    request.on('socket', (socket) => {
      socket.once('connect', () => {
        wasConnected = true;
      });
    });
    request.on('response', (response) => {
      readBody(response, (text) => {
        const status = response.statusCode ?? 0;
        if (text === undefined) fail(`more than ${BODY_BYTES_MAX} bytes, or not all of them`);
        else settle({ kind: 'answered', status, body: text, dateMs: dateOf(response) });
      });
    });
    request.on('error', (error) => fail(reasonOf(error)));
    // A peer that hangs up without a word is an error to Node.js as well, but not on every runtime.
    request.on('close', () => fail('the connection was closed'));
    request.end(body);
    return () => {
      isSettled = true;
      stopTimer();
      request.destroy();
    };
  }

  #request(question: HttpQuestion, body: string | undefined): http.ClientRequest {
    const { tls, resolver } = this.#needs;
    const { method, path, authorization = this.#authorization } = question;
    const headers = {
      Accept: 'application/json',
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(body === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': `${Buffer.byteLength(body)}` }),
    };
    const lookup = resolver === undefined ? {} : { lookup: lookupThrough(resolver) };
    // No agent: nothing of one question is left for the next.
    const options = { method, headers, agent: false, ...lookup };
    const url = new URL(path, this.#base);
    return url.protocol === 'https:'
      ? https.request(url, { ...tls, ...options })
      : http.request(url, options);
  }
}

/** Gives the whole body, or undefined: it was too long, or was cut off. */
function readBody(response: http.IncomingMessage, done: (text: string | undefined) => void): void {
  const parts: Buffer[] = [];
  let length = 0;
  response.on('data', (part: Buffer) => {
    length += part.length;
    if (length > BODY_BYTES_MAX) done(undefined);
    else parts.push(part);
  });
  response.on('end', () => done(response.complete ? Buffer.concat(parts).toString() : undefined));
  response.on('error', () => done(undefined));
}

function dateOf({ headers }: http.IncomingMessage): number | undefined {
  const dateMs = Date.parse(headers.date ?? '');
  return Number.isNaN(dateMs) ? undefined : dateMs;
}

/** Several addresses that all failed leave the message empty. */
function reasonOf(error: Error): string {
  if (error.message !== '') return error.message;
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : error.name;
}
