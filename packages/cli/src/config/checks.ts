import type { UserName, UserSettings } from '@pgweir/pooler';
import type { Accounts } from '../process/accounts';
import {
  authDatabaseProblem,
  type Databases,
  idlePercentProblem,
  unixSocketProblem,
} from './databases';
import { type Findings, type Place, quoted } from './finding';
import { checkHttp } from './http-checks';
import { checkPromotion } from './promotion-checks';
import type { GlobalValues } from './settings';

export interface CheckContext {
  readonly values: GlobalValues;
  readonly place: (name: keyof GlobalValues) => Place;
  readonly findings: Findings;
  readonly accounts: Accounts;
  readonly databases: Databases;
  readonly users: ReadonlyMap<UserName, UserSettings>;
  /** LDAP or IAM may vouch for users whom nothing else knows. */
  readonly othersVouch: boolean;
  /** The file to name where no single line is at fault. */
  readonly file: string;
}

/**
 * Settings that are fine one by one but not together, or not on this system.
 *
 * @returns the number of `unix_socket_group`; undefined when it is not set (or a problem)
 */
export function checkGlobals(context: CheckContext): number | undefined {
  checkListening(context);
  checkHttp(context);
  checkLoadBalancers(context);
  checkLogin(context);
  checkPools(context);
  checkPromotion(context);
  checkRds(context);
  const { values, place, findings, accounts } = context;
  if (values.user !== '' && accounts.user(values.user) === undefined) {
    findings.problem(place('user'), `user = ${quoted(values.user)}: no such user on this system`);
  }
  if (values.unix_socket_group === '') return undefined;
  const gid = accounts.group(values.unix_socket_group);
  if (gid === undefined) {
    const message = `unix_socket_group = ${quoted(values.unix_socket_group)}: no such group`;
    findings.problem(place('unix_socket_group'), `${message} on this system`);
  }
  return gid;
}

function checkListening({ values, place, findings, file }: CheckContext): void {
  if (values.listen_addr.length === 0 && values.unix_socket_dir === '') {
    // A service manager may pass sockets: only the start can tell.
    const message =
      'nowhere to listen on, unless a service manager passes sockets: neither listen_addr nor ' +
      'unix_socket_dir is set';
    findings.warning({ file, line: 0 }, message);
  }
  const message = unixSocketProblem(values.unix_socket_dir, values.listen_port);
  if (message !== undefined) {
    findings.problem(place('unix_socket_dir'), `unix_socket_dir: ${message}`);
  }
  if (values.unix_socket_dir !== '' && !/^[/@]/.test(values.unix_socket_dir)) {
    const shown = quoted(values.unix_socket_dir);
    const expected = 'accepted: an absolute path, or a name that begins with @';
    findings.problem(place('unix_socket_dir'), `unix_socket_dir = ${shown}; ${expected}`);
  }
}

function checkLoadBalancers({ values, place, findings }: CheckContext): void {
  const { networks } = values.proxy_protocol;
  if (!networks.some(({ mask }) => mask.every((byte) => byte === 0))) return;
  const message = 'proxy_protocol names every address: whoever connects may claim to be anywhere';
  findings.warning(place('proxy_protocol'), message);
}

function checkLogin(context: CheckContext): void {
  const { values, place, findings, databases, users, file } = context;
  const all = [...databases.named.values(), databases.fallback];
  const asks = values.auth_user !== '' || all.some((one) => one?.authUser !== undefined);
  const vouched = values.auth_type === 'any' || context.othersVouch;
  const hasSecret = [...all, ...users.values()].some((one) => one?.secret !== undefined);
  if (!vouched && !hasSecret && values.auth_file === '' && !asks) {
    const message = `auth_type = ${values.auth_type} without auth_file: nobody can log in`;
    findings.warning(place('auth_type'), message);
  }
  const message = authDatabaseProblem(values.auth_dbname);
  if (message !== undefined) findings.problem(place('auth_dbname'), message);
  if (values.auth_query === '') {
    findings.problem(place('auth_query'), 'auth_query is empty: leave it out for the usual one');
  }
  if (databases.named.size === 0 && databases.fallback === undefined) {
    findings.warning({ file, line: 0 }, 'no database is configured: nobody can log in');
  }
}

function checkRds({ values, place, findings }: CheckContext): void {
  const message = idlePercentProblem(
    values.max_connections_percent,
    values.max_idle_connections_percent,
  );
  if (message !== undefined) findings.problem(place('max_idle_connections_percent'), message);
  const namespace = values.metrics_emf_namespace;
  if (namespace === '' || /^AWS\//i.test(namespace)) {
    const shown = quoted(namespace);
    const why = namespace === '' ? 'it must not be empty' : 'AWS/ is reserved for AWS itself';
    findings.problem(place('metrics_emf_namespace'), `metrics_emf_namespace = ${shown}: ${why}`);
  }
  if (values.metrics_emf_proxy_name.trim() === '') {
    findings.problem(place('metrics_emf_proxy_name'), 'metrics_emf_proxy_name is empty');
  }
}

function checkPools({ values, place, findings }: CheckContext): void {
  const size = values.default_pool_size;
  if (size > 0 && values.min_pool_size > size) {
    const least = values.min_pool_size;
    const message = `min_pool_size (${least}) is larger than default_pool_size (${size}), which holds`;
    findings.warning(place('min_pool_size'), message);
  }
  const pinned = values.max_pinned_per_pool;
  if (size > 0 && pinned >= size) {
    const message = `max_pinned_per_pool (${pinned}) is not below default_pool_size (${size})`;
    findings.warning(place('max_pinned_per_pool'), `${message}: pinned clients may have all links`);
  }
  if (values.reserve_pool_size > 0 && values.reserve_pool_timeout === 0) {
    const message = 'reserve_pool_timeout = 0: the reserve of reserve_pool_size is never used';
    findings.warning(place('reserve_pool_timeout'), message);
  }
}
