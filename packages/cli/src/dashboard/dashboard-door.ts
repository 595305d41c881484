import { type Handler, type HttpRequest, plainAnswer, type Route } from '../http/route';
import { reasonOf } from '../system-error';
import type { Dashboard } from './dashboard';
import { type DashboardNeeds, PAGE_PATH } from './dashboard-needs';
import { isKnownHost } from './known-host';
import { dashboardModule } from './library';

const GETS = ['', 'index.html', 'page.js', 'page.css', 'favicon.svg'] as const;
const ASKED = ['api/now', 'api/history', 'api/sparks', 'api/settings'] as const;

const OTHER_HOST = plainAnswer(
  421,
  'the page is not to be had by this name: add the name to dashboard_hosts, or use an address',
);

/**
 * The way to the web page by the setting `dashboard`. While it is off there is nothing at its paths, and
 * nothing of it is loaded; what it has gathered is gone when it is switched off.
 */
export class DashboardDoor {
  readonly #needs: DashboardNeeds;
  #dashboard: Dashboard | undefined;
  #isClosed = false;

  constructor(needs: DashboardNeeds) {
    this.#needs = needs;
  }

  /** They are there for good, and say what is there now. */
  routes(): readonly (readonly [path: string, route: Route])[] {
    const get = (path: string): readonly [string, Route] => [
      PAGE_PATH + path,
      { GET: this.#when((dashboard, request) => dashboard.get(path, request)) },
    ];
    const post = (path: string): Route => ({
      POST: this.#when((dashboard, request) => dashboard.post(path, request)),
    });
    const there = this.#when((dashboard) => dashboard.redirect());
    return [
      ['/', { GET: there }],
      [PAGE_PATH.slice(0, -1), { GET: there }],
      ...[...GETS, ...ASKED].map(get),
      [`${PAGE_PATH}api/session`, { ...get('api/session')[1], ...post('api/session') }],
      [`${PAGE_PATH}api/sign-out`, post('api/sign-out')],
      [`${PAGE_PATH}api/orders`, post('api/orders')],
    ];
  }

  /** The configuration has changed, or is there for the first time. */
  follow(): void {
    const { address, dashboard } = this.#needs.config().http;
    const isWanted = dashboard !== 'off' && address !== undefined && !this.#isClosed;
    if (isWanted && this.#dashboard === undefined) this.#open();
    if (!isWanted) {
      this.#dashboard?.close();
      this.#dashboard = undefined;
    }
  }

  /** For good. */
  close(): void {
    this.#isClosed = true;
    this.follow();
  }

  #open(): void {
    try {
      const { Dashboard: Made } = dashboardModule();
      this.#dashboard = new Made(this.#needs);
    } catch (error) {
      this.#needs.log.error('there is no web page (dashboard)', { reason: reasonOf(error) });
    }
  }

  #when(handler: (dashboard: Dashboard, request: HttpRequest) => ReturnType<Handler>): Handler {
    return (request) => {
      if (this.#dashboard === undefined) return undefined;
      const isKnown = isKnownHost(request.headers.host, this.#needs.config().http);
      return isKnown ? handler(this.#dashboard, request) : OTHER_HOST;
    };
  }
}
