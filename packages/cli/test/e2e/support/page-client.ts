import type { OrderNow, PageOrder, SessionState } from '@pgweir/dashboard';
import { fetchFrom, type HttpReply } from './http';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Asks what the web page asks, as somebody who has signed in or has not. */
export class PageClient {
  readonly #port: number;
  #cookie = '';
  #token = '';

  constructor(port: number) {
    this.#port = port;
  }

  async get(path: string): Promise<HttpReply> {
    return await fetchFrom(this.#port, `/dashboard/${path}`, { headers: this.#cookies });
  }

  /** @throws Error with the answer when it is none of those */
  async read<Answer>(path: string): Promise<Answer> {
    const { status, body } = await this.get(`api/${path}`);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
    return JSON.parse(body);
  }

  async post(
    path: string,
    value: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpReply> {
    const all = { ...JSON_TYPE, ...this.#cookies, 'x-pgweir-token': this.#token, ...headers };
    const body = typeof value === 'string' ? value : JSON.stringify(value);
    return await fetchFrom(this.#port, `/dashboard/api/${path}`, {
      ...{ method: 'POST', headers: all, body },
    });
  }

  async signIn(password: string): Promise<HttpReply> {
    const reply = await this.post('session', { password });
    const [cookie = ''] = [reply.headers['set-cookie'] ?? []].flat();
    if (reply.status === 200) {
      const state: SessionState = JSON.parse(reply.body);
      this.#token = state.token;
      this.#cookie = cookie.split(';')[0] ?? '';
    }
    return reply;
  }

  async order(order: PageOrder): Promise<OrderNow & { readonly status: number }> {
    const { status, body } = await this.post('orders', order);
    return { ...JSON.parse(body), status };
  }

  get #cookies(): Readonly<Record<string, string>> {
    return this.#cookie === '' ? {} : { cookie: this.#cookie };
  }
}
