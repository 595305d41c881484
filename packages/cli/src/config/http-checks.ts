import { parseSecret } from '@pgweir/protocol';
import type { CheckContext } from './checks';
import { shownAddress } from './http-address';

type Context = Pick<CheckContext, 'values' | 'place' | 'findings'>;

/** What is served over HTTP: where, and to whom. */
export function checkHttp(context: Context): void {
  checkPort(context);
  checkDashboard(context);
}

/** Addresses may be names: what they mean is seen when they are opened. */
function checkPort({
  values: { listen_addr, listen_port, metrics_addr },
  place,
  findings,
}: Context): void {
  if (metrics_addr === undefined || metrics_addr.port === 0) return;
  const { host, port } = metrics_addr;
  const meets = host === '*' || listen_addr.some((one) => one === '*' || one === host);
  if (port !== listen_port || listen_addr.length === 0 || !meets) return;
  const message = `metrics_addr = ${shownAddress(metrics_addr)}: clients are served there (listen_port)`;
  findings.problem(place('metrics_addr'), message);
}

function checkDashboard({ values, place, findings }: Context): void {
  const { dashboard, dashboard_password: password, metrics_addr } = values;
  if (parseSecret(password).kind === 'md5') {
    const message = 'dashboard_password is an MD5 hash; accepted: a password, or a SCRAM verifier';
    findings.problem(place('dashboard_password'), message);
  }
  if (dashboard === 'off') return;
  if (dashboard === 'private' && password === '') {
    findings.problem(place('dashboard'), 'dashboard = private needs a dashboard_password');
  }
  if (metrics_addr === undefined) {
    const message = `dashboard = ${dashboard} has no effect: metrics_addr, where it would be, is not set`;
    findings.warning(place('dashboard'), message);
  }
}
