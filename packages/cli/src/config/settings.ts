import { AUTHENTICATION } from './settings/authentication';
import { DATABASE_PARAMETERS, PEER_PARAMETERS, USER_PARAMETERS } from './settings/entries';
import { FAILOVER } from './settings/failover';
import { GENERIC } from './settings/generic';
import { HTTP } from './settings/http';
import { IAM } from './settings/iam';
import { LOGGING } from './settings/logging';
import { NETWORK } from './settings/network';
import { RDS } from './settings/rds-proxy';
import type { ValuesOf } from './settings/row';
import { SECRETS } from './settings/secrets';
import { SERVER_AUTH_SETTINGS } from './settings/server-auth';
import { SESSION_STATE } from './settings/session-state';
import { TIMEOUTS } from './settings/timeouts';
import { TLS } from './settings/tls';
import { TRACING } from './settings/tracing';
import { WORKERS } from './settings/workers';

/** Every setting of `[pgbouncer]`. */
export const GLOBAL_SETTINGS = {
  ...GENERIC,
  ...AUTHENTICATION,
  ...IAM,
  ...SECRETS,
  ...LOGGING,
  ...TRACING,
  ...TIMEOUTS,
  ...TLS,
  ...NETWORK,
  ...SESSION_STATE,
  ...FAILOVER,
  ...RDS,
  ...HTTP,
  ...SERVER_AUTH_SETTINGS,
  ...WORKERS,
};

/**
 * The one table: every setting by section and name. The parser, SHOW CONFIG, reload, `--check` and the
 * manual read it; nothing else knows names, types or defaults.
 */
export const SETTINGS = {
  pgbouncer: GLOBAL_SETTINGS,
  databases: DATABASE_PARAMETERS,
  users: USER_PARAMETERS,
  peers: PEER_PARAMETERS,
};

export type SectionName = keyof typeof SETTINGS;
export type GlobalValues = ValuesOf<typeof GLOBAL_SETTINGS>;
export type DatabaseValues = Partial<ValuesOf<typeof DATABASE_PARAMETERS>>;
export type UserValues = Partial<ValuesOf<typeof USER_PARAMETERS>>;

export { DATABASE_PARAMETERS, PEER_PARAMETERS, USER_PARAMETERS };
