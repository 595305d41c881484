import type { AccessRule, DatabaseSettings } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { shownAddress } from '../config/http-address';
import { entriesOf } from '../health/askers';
import { type Diagnosis, found } from './findings';
import { isOpenToNetworks, staysHere } from './networks';

/** Settings that are allowed and rarely meant. */
export function checkSettings(config: DaemonConfig): readonly Diagnosis[] {
  return [
    ...checkDoor(config),
    ...checkPage(config),
    ...checkTimes(config),
    ...checkParameters(config),
    ...[...entriesOf(config)].flatMap(([name, entry]) => checkEntry(config, name, entry)),
    ...(config.adminUsers.length > 0 || config.pooler.authType === 'any'
      ? []
      : [found('no-admin', 'admin_users', 'is empty')]),
  ];
}

function checkDoor({ listen, pooler }: DaemonConfig): readonly Diagnosis[] {
  const { authType, accessRules, clientTlsMode } = pooler;
  if (!isOpenToNetworks(listen.addresses)) return [];
  const where = `listen_addr = ${listen.addresses.join(',')}`;
  const diagnoses: Diagnosis[] = [];
  if (authType === 'any' || authType === 'trust') {
    diagnoses.push(found('open-to-everybody', `auth_type = ${authType}`, `with ${where}`));
  }
  if (authType === 'hba' && accessRules.some(trustsNetwork)) {
    diagnoses.push(
      found('open-to-everybody', 'auth_hba_file', `a rule says trust for a network, with ${where}`),
    );
  }
  if (clientTlsMode === 'disable') {
    diagnoses.push(found('client-tls-off', 'client_tls_sslmode = disable', `with ${where}`));
  }
  if (authType === 'md5') {
    diagnoses.push(found('weak-passwords', 'auth_type = md5', `with ${where}`));
  }
  return diagnoses;
}

function checkPage({ values: { dashboard, metrics_addr } }: DaemonConfig): readonly Diagnosis[] {
  if (dashboard === 'off' || metrics_addr === undefined) return [];
  if (!isOpenToNetworks([metrics_addr.host])) return [];
  const where = `with metrics_addr = ${shownAddress(metrics_addr)}`;
  return [found('page-in-clear', `dashboard = ${dashboard}`, where)];
}

/** Of IPv4 127.0.0.0/8, of IPv6 ::1 alone stay here. */
function trustsNetwork({ connection, method, network }: AccessRule): boolean {
  if (connection === 'local' || method !== 'trust') return false;
  if (network === undefined) return true;
  const { address, mask } = network;
  const isLoopback4 = address.length === 4 && address[0] === 127 && mask[0] === 255;
  const isLoopback6 =
    address.length === 16 && address.at(-1) === 1 && mask.every((byte) => byte === 255);
  return !isLoopback4 && !(isLoopback6 && address.slice(0, -1).every((byte) => byte === 0));
}

function checkTimes({ pooler }: DaemonConfig): readonly Diagnosis[] {
  return [
    ...(pooler.queryWaitTimeoutMs === 0
      ? [found('waits-for-ever', 'query_wait_timeout = 0', 'there is no limit')]
      : []),
    ...(pooler.serverLifetimeMs === 0
      ? [found('links-for-ever', 'server_lifetime = 0', 'there is no limit')]
      : []),
  ];
}

/** Of what is ignored these change results. */
const MATTERS = new Set([
  ...['options', 'search_path', 'role', 'statement_timeout', 'lock_timeout'],
  ...['default_transaction_isolation', 'default_transaction_read_only', 'timezone', 'datestyle'],
]);
/** PostgreSQL reports these; search_path from 18 on. */
const REPORTED = new Set([
  ...['application_name', 'client_encoding', 'datestyle', 'default_transaction_read_only'],
  ...['in_hot_standby', 'integer_datetimes', 'intervalstyle', 'is_superuser', 'scram_iterations'],
  ...['search_path', 'server_encoding', 'server_version', 'session_authorization'],
  ...['standard_conforming_strings', 'timezone'],
]);

function checkParameters({ pooler }: DaemonConfig): readonly Diagnosis[] {
  const ignored = [...pooler.ignoreStartupParameters].filter((name) => MATTERS.has(name));
  const unreported = [...pooler.trackExtraParameters].filter((name) => !REPORTED.has(name));
  return [
    ...ignored.map((name) =>
      found('ignored-parameters', 'ignore_startup_parameters', `has ${name}`),
    ),
    ...(pooler.sessionState === 'track'
      ? []
      : unreported.map((name) =>
          found('untracked-parameters', 'track_extra_parameters', `has ${name}`),
        )),
  ];
}

/** Beyond it no server has use for more at a time. */
const POOL_SIZE_MAX = 100;

function checkEntry(
  { pooler }: DaemonConfig,
  name: string,
  entry: DatabaseSettings,
): readonly Diagnosis[] {
  const { mode } = entry.serverTls ?? pooler.serverTls;
  const away = entry.hosts.filter((host) => !staysHere(host));
  const size = entry.poolSize ?? pooler.poolSize;
  const diagnoses: Diagnosis[] = [];
  if (away.length > 0 && mode !== 'verify-full') {
    const message = `server_tls_sslmode = ${mode} towards ${away.join(', ')}`;
    diagnoses.push(found('server-not-verified', `database ${name}`, message));
  }
  if (entry.queryWaitTimeoutMs === 0 && pooler.queryWaitTimeoutMs !== 0) {
    diagnoses.push(found('waits-for-ever', `database ${name}`, 'query_wait_timeout = 0'));
  }
  if (size > POOL_SIZE_MAX) {
    diagnoses.push(found('big-pool', `database ${name}`, `a pool has up to ${size} links`));
  }
  return diagnoses;
}
