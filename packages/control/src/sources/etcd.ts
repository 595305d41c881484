import type { Clock, Resolver } from '@pgweir/pooler';
import type { TlsOptions } from '../probe/probe-connection';
import { type EtcdAnswer, readAnswer, readGrant, readRefusal, readToken } from './etcd-answers';
import { type HttpAnswer, HttpPeer } from './http-peer';

export interface EtcdNeeds {
  /** `http:` or `https:`, without a login. At least one. */
  readonly urls: readonly URL[];
  /** undefined: everybody may do everything there. */
  readonly login: { readonly user: string; readonly password: string } | undefined;
  readonly tls: TlsOptions | undefined;
  readonly clock: Clock;
  readonly resolver?: Resolver | undefined;
}

/** For one answer of one member. */
const ANSWER_MS = 1_000;
/** What gRPC says where a token is none any more. */
const UNAUTHENTICATED = 16;

/** A condition on one key: its revision of that kind; `0`: there is no such key. */
export interface EtcdCondition {
  readonly key: string;
  readonly target: 'CREATE' | 'MOD';
  readonly revision: string;
}

export interface EtcdTransaction {
  readonly conditions: readonly EtcdCondition[];
  /** What is done if all of them hold. */
  readonly what: EtcdPut | EtcdDeletion;
  /** The key that is looked at if not. */
  readonly otherwise: string;
}

export interface EtcdPut {
  readonly kind: 'put';
  readonly key: string;
  readonly value: string;
  /** The key goes with it; undefined: it stays. */
  readonly lease: string | undefined;
}

export interface EtcdDeletion {
  readonly kind: 'delete';
  readonly key: string;
}

/** The question has arrived and was refused: another member would not answer otherwise. */
class Refused extends Error {}

/**
 * etcd (3.4 and later) through its JSON gateway. Each call is asked of the members in turn until one
 * answers: what one of them was told may have happened although it did not answer. Calls reject with
 * a reason for people, which has no secrets in it.
 */
export class Etcd {
  readonly #needs: EtcdNeeds;
  readonly #peers: readonly HttpPeer[];
  /** Who has answered last. */
  #at = 0;
  #token: string | undefined;

  constructor(needs: EtcdNeeds) {
    this.#needs = needs;
    const { tls, clock, resolver } = needs;
    this.#peers = needs.urls.map((url) => new HttpPeer({ url, tls, clock, resolver }));
  }

  /** A lease that lives for `seconds`, or as long as etcd thinks it has to. */
  async grant(seconds: number): Promise<{ id: string; seconds: number }> {
    const grant = readGrant(await this.#call('v3/lease/grant', { TTL: String(seconds) }));
    if (grant === undefined) throw new Error('etcd grants a lease that is none');
    return grant;
  }

  async look(key: string): Promise<EtcdAnswer> {
    return answerOf(await this.#call('v3/kv/range', { key: base64(key) }));
  }

  /** As a whole or not at all, seen by all members in the same order. */
  async transact({ conditions, what, otherwise }: EtcdTransaction): Promise<EtcdAnswer> {
    const compare = conditions.map(({ key, target, revision }) => ({
      ...{ key: base64(key), target, result: 'EQUAL' },
      ...(target === 'CREATE' ? { create_revision: revision } : { mod_revision: revision }),
    }));
    const look = { request_range: { key: base64(otherwise) } };
    const json = { compare, success: [operation(what)], failure: [look] };
    return answerOf(await this.#call('v3/kv/txn', json));
  }

  async #call(path: string, json: unknown): Promise<unknown> {
    const { login } = this.#needs;
    if (login === undefined) return await this.#ask(path, json, undefined);
    const before = this.#token;
    try {
      this.#token ??= await this.#authenticate(login);
      return await this.#ask(path, json, this.#token);
    } catch (error) {
      // Tokens end after some minutes, and when a member is started again.
      if (!(error instanceof Refused) || this.#token !== undefined || before === undefined) {
        throw error;
      }
      this.#token = await this.#authenticate(login);
      return await this.#ask(path, json, this.#token);
    }
  }

  async #authenticate({ user, password }: { user: string; password: string }): Promise<string> {
    const json = await this.#ask('v3/auth/authenticate', { name: user, password }, undefined);
    const token = readToken(json);
    if (token === undefined) throw new Error('etcd lets in without a token');
    return token;
  }

  async #ask(path: string, json: unknown, authorization: string | undefined): Promise<unknown> {
    const reasons: string[] = [];
    for (let tries = 0; tries < this.#peers.length; tries++) {
      const peer = this.#peers[this.#at % this.#peers.length];
      if (peer === undefined) break;
      const answer = await new Promise<HttpAnswer>((done) => {
        const question = { method: 'POST', path, json, deadlineMs: ANSWER_MS } as const;
        peer.ask(authorization === undefined ? question : { ...question, authorization }, done);
      });
      const said = this.#read(answer);
      if (said.kind === 'said') return said.json;
      reasons.push(`${peer.name}: ${said.reason}`);
      if (said.kind === 'refused') throw new Refused(reasons.join('; '));
      this.#at++;
    }
    throw new Error(reasons.join('; '));
  }

  #read(answer: HttpAnswer) {
    if (answer.kind === 'failed') return { kind: 'failed', reason: answer.reason } as const;
    const { status } = answer;
    const json = jsonOf(answer.body);
    if (status === 200 && json !== undefined) return { kind: 'said', json } as const;
    const { code, text } = readRefusal(json);
    if (status === 401 || code === UNAUTHENTICATED) this.#token = undefined;
    const reason = status === 200 ? 'an answer that is no JSON' : `HTTP status ${status} ${text}`;
    const kind = status >= 400 && status < 500 ? 'refused' : 'failed';
    return { kind, reason: reason.trimEnd() } as const;
  }
}

function operation(what: EtcdPut | EtcdDeletion): unknown {
  const key = base64(what.key);
  if (what.kind === 'delete') return { request_delete_range: { key } };
  const { value, lease } = what;
  const bound = lease === undefined ? {} : { lease };
  return { request_put: { key, value: base64(value), ...bound } };
}

function answerOf(json: unknown): EtcdAnswer {
  const answer = readAnswer(json);
  if (answer === undefined) throw new Error('an answer that etcd does not give');
  return answer;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
