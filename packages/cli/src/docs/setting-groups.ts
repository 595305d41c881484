import { SETTINGS } from '../config/settings';
import { AUTHENTICATION } from '../config/settings/authentication';
import { FAILOVER } from '../config/settings/failover';
import { GENERIC } from '../config/settings/generic';
import { HTTP } from '../config/settings/http';
import { IAM } from '../config/settings/iam';
import { LOGGING } from '../config/settings/logging';
import { NETWORK } from '../config/settings/network';
import { RDS } from '../config/settings/rds-proxy';
import type { Setting, SettingTable } from '../config/settings/row';
import { SECRETS } from '../config/settings/secrets';
import { SERVER_AUTH_SETTINGS } from '../config/settings/server-auth';
import { SESSION_STATE } from '../config/settings/session-state';
import { TIMEOUTS } from '../config/settings/timeouts';
import { TLS } from '../config/settings/tls';
import { TRACING } from '../config/settings/tracing';
import { WORKERS } from '../config/settings/workers';

/** The settings of `[pgbouncer]` in the order of the manual. */
export const GROUPS: readonly (readonly [title: string, table: SettingTable])[] = [
  ['Files, listening, pools and caps', GENERIC],
  ['Session state and prepared statements', SESSION_STATE],
  ['Login and the console', AUTHENTICATION],
  ['IAM of AWS', IAM],
  ['Secret stores', SECRETS],
  ['Logging', LOGGING],
  ['Traces', TRACING],
  ['Resets, checks and limits of time', TIMEOUTS],
  ['TLS', TLS],
  ['Login to servers', SERVER_AUTH_SETTINGS],
  ['Network', NETWORK],
  ['Health of servers and failover', FAILOVER],
  ['As RDS Proxy has it', RDS],
  ['Metrics and health over HTTP', HTTP],
  ['Workers', WORKERS],
];

/** The other sections. Text between backticks is code. */
export const ENTRIES: readonly (readonly [title: string, text: string, table: SettingTable])[] = [
  [
    '`[databases]`',
    "`name = key=value key='value with blanks' ...`; the name `*` stands for every other database.",
    SETTINGS.databases,
  ],
  [
    '`[users]`',
    '`name = key=value ...`. What a user has goes before the database, and that before `[pgbouncer]`.',
    SETTINGS.users,
  ],
  [
    '`[peers]`',
    '`number = key=value ...`: instances that pass cancel requests on to each other. See docs/instances.md.',
    SETTINGS.peers,
  ],
];

/** What a file may say. */
export function accepted(row: Setting<unknown>): string {
  switch (row.type.name) {
    case 'choice':
      return row.type.accepted;
    case 'whole number':
      return row.unit === undefined ? 'whole number' : `whole number, ${row.unit}`;
    default:
      return row.type.name;
  }
}

/** What it means, and how that differs from PgBouncer. */
export function meaning(row: Setting<unknown>): string {
  return row.differs === undefined ? row.help : `${row.help} Differs: ${row.differs}.`;
}
