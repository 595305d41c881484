import type { SessionState } from '@pgweir/dashboard';
import type { SnapshotPart } from '@pgweir/pooler';
import { type HttpAnswer, type HttpRequest, jsonAnswer } from '../http/route';
import { reasonOf } from '../system-error';
import { cookieOf, isCrossSite, isJson } from './cross-site';
import { type DashboardNeeds, PAGE_PATH } from './dashboard-needs';
import { Guesses } from './guesses';
import { HistoryBook, SAMPLE_EVERY_MS } from './history-book';
import { nowOf } from './now';
import { OrderDesk } from './order-desk';
import { Page } from './page';
import { readOrder, readPassword } from './read-json';
import { isSameToken, PageSessions, SESSION_MS } from './sessions';
import { settingsShown } from './settings-shown';
import { SharedView } from './shared-view';

const TOKEN_HEADER = 'x-pgweir-token';
/** Parts of the picture that the page may ask for, by their names there. */
const PARTS: Readonly<Record<string, readonly SnapshotPart[]>> = {
  waiters: ['waiters'],
  pins: ['pins'],
  statements: ['statements'],
};

const refusal = (status: number, error: string): HttpAnswer => jsonAnswer(status, { error });

/** Answers the web page: what is and was, who may give orders, and the orders themselves. */
export class Dashboard {
  readonly #needs: DashboardNeeds;
  readonly #page = new Page();
  readonly #view: SharedView;
  readonly #history = new HistoryBook(Date.now());
  readonly #sessions: PageSessions;
  readonly #guesses: Guesses;
  readonly #desk: OrderDesk;
  readonly #startedAtMs = Date.now() - Math.round(process.uptime() * 1000);
  readonly #timer: NodeJS.Timeout;

  /** @throws Error for people, when the page has not been built */
  constructor(needs: DashboardNeeds) {
    this.#needs = needs;
    const nowMs = (): number => performance.now();
    const { commands, config, log } = needs;
    this.#view = new SharedView(commands.view, nowMs);
    this.#sessions = new PageSessions(nowMs, () => config().http.dashboardPassword);
    this.#guesses = new Guesses(nowMs);
    this.#desk = new OrderDesk({
      ...{ commands, log, wallMs: Date.now, changed: () => this.#view.renew() },
    });
    this.#timer = setInterval(() => void this.#sample(), SAMPLE_EVERY_MS);
    this.#timer.unref();
    void this.#sample();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** From where the page might be looked for. Relative: a proxy may have it elsewhere. */
  redirect(): HttpAnswer {
    return { status: 302, type: 'text/plain', body: '', headers: { Location: PAGE_PATH.slice(1) } };
  }

  /** `path`: below the page's own. */
  async get(path: string, request: HttpRequest): Promise<HttpAnswer | undefined> {
    if (!path.startsWith('api/')) return this.#page.answer(path);
    if (path === 'api/session') return jsonAnswer(200, this.#session(this.#tokenOf(request)));
    if (this.#isPrivate && this.#tokenOf(request) === undefined) {
      return refusal(401, 'sign in first');
    }
    const { query } = request;
    switch (path) {
      case 'api/now':
        return await this.#now(query);
      case 'api/history':
        return jsonAnswer(200, this.#history.history(sinceOf(query), poolOf(query)));
      case 'api/sparks':
        return jsonAnswer(200, this.#history.sparks(sinceOf(query)));
      case 'api/settings':
        return jsonAnswer(200, settingsShown(this.#needs.config().values));
      default:
        return undefined;
    }
  }

  /** Whatever changes anything: nothing of it is done for another site's page. */
  async post(path: string, request: HttpRequest): Promise<HttpAnswer | undefined> {
    const { headers } = request;
    if (isCrossSite(headers)) return refusal(403, 'that came from another site');
    if (!isJson(headers)) return refusal(415, 'application/json is accepted here');
    if (!this.#mayHaveOrders) return refusal(403, 'there is no dashboard_password: no orders');
    if (path === 'api/session') return this.#signIn(request);
    const token = this.#tokenOf(request);
    if (token === undefined) return refusal(401, 'sign in first');
    const given = headers[TOKEN_HEADER];
    if (typeof given !== 'string' || !isSameToken(given, token)) {
      return refusal(403, `the header ${TOKEN_HEADER} is missing or wrong`);
    }
    return path === 'api/sign-out' ? this.#signOut(request) : await this.#order(request);
  }

  async #now(query: URLSearchParams): Promise<HttpAnswer> {
    const parts = (query.get('with') ?? '').split(',').filter((part) => part !== '');
    const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
    if (unknown !== undefined) return refusal(400, 'with: waiters, pins, statements');
    const asked = new Set(parts.flatMap((part) => PARTS[part] ?? []));
    const picture = await this.#view.picture([...asked]);
    const scene = { picture, config: this.#needs.config() };
    const { orders } = this.#desk;
    const startedAtMs = this.#startedAtMs;
    return jsonAnswer(200, nowOf({ scene, atMs: Date.now(), startedAtMs, orders, parts }));
  }

  async #order({ body, from }: HttpRequest): Promise<HttpAnswer> {
    const order = readOrder(body);
    if (order === undefined) return refusal(400, 'that is no order');
    const result = await this.#desk.give(order, from);
    if (result === undefined) return refusal(429, 'too many orders are under way');
    if (result.state === 'refused') return refusal(409, result.problem ?? 'refused');
    return jsonAnswer(result.state === 'done' ? 200 : 202, result);
  }

  #signIn({ body, from }: HttpRequest): HttpAnswer {
    const { log } = this.#needs;
    const blockedMs = this.#guesses.blockedMs(from);
    if (blockedMs > 0) {
      const seconds = Math.ceil(blockedMs / 1000);
      const answer = refusal(429, `too many wrong passwords: wait ${seconds} s`);
      return { ...answer, headers: { 'Retry-After': String(seconds) } };
    }
    const password = readPassword(body);
    if (password === undefined) return refusal(400, 'a password is expected');
    if (!this.#sessions.isRight(password)) {
      this.#guesses.wrong(from);
      log.warn('wrong password on the web page', { address: from });
      return refusal(401, 'that is not the password');
    }
    this.#guesses.right(from);
    log.info('signed in on the web page', { address: from });
    const key = this.#sessions.begin();
    return {
      ...jsonAnswer(200, this.#session(this.#sessions.tokenOf(key))),
      headers: { 'Set-Cookie': this.#cookie(key, SESSION_MS) },
    };
  }

  #signOut(request: HttpRequest): HttpAnswer {
    const key = cookieOf(request.headers, this.#cookieName);
    if (key !== undefined) this.#sessions.end(key);
    this.#needs.log.info('signed out on the web page', { address: request.from });
    return {
      ...jsonAnswer(200, this.#session(undefined)),
      headers: { 'Set-Cookie': this.#cookie('', 0) },
    };
  }

  #session(token: string | undefined): SessionState {
    const isPrivate = this.#isPrivate;
    if (!this.#mayHaveOrders) return { orders: 'off', isPrivate, token: '' };
    return { orders: token === undefined ? 'locked' : 'open', isPrivate, token: token ?? '' };
  }

  #tokenOf({ headers }: HttpRequest): string | undefined {
    return this.#sessions.tokenOf(cookieOf(headers, this.#cookieName));
  }

  get #isPrivate(): boolean {
    return this.#needs.config().http.dashboard === 'private';
  }

  get #mayHaveOrders(): boolean {
    return this.#needs.config().http.dashboardPassword !== '';
  }

  /** Cookies know no ports: several daemons on one host must not end each other's sessions. */
  get #cookieName(): string {
    return `pgweir-${this.#needs.config().http.address?.port ?? 0}`;
  }

  /** Without a path it is for where it was set, `…/api`: also where a proxy has the page elsewhere. */
  #cookie(value: string, ageMs: number): string {
    const flags = `HttpOnly; SameSite=Strict; Max-Age=${ageMs / 1000}`;
    return `${this.#cookieName}=${value}; ${flags}`;
  }

  async #sample(): Promise<void> {
    try {
      const picture = await this.#view.picture([]);
      this.#history.add(picture, { nowMs: performance.now(), wallMs: Date.now() });
    } catch (error) {
      this.#needs.log.error('the web page misses a sample', { reason: reasonOf(error) });
    }
  }
}

/** Whatever is no number means all. */
function sinceOf(query: URLSearchParams): number {
  const since = Number(query.get('since') ?? 0);
  return Number.isSafeInteger(since) && since > 0 ? since : 0;
}

function poolOf(query: URLSearchParams) {
  const [database, user] = [query.get('database'), query.get('user')];
  return database === null || user === null ? undefined : { database, user };
}
