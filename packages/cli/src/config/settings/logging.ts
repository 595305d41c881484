import { FACILITIES } from '../../log/syslog-message';
import { oneOf, onOff, text, wholeNumber } from '../value-types';
import { setting } from './row';

// Those of the table, in its order.
const FACILITY_NAMES = Object.keys(FACILITIES) as (keyof typeof FACILITIES)[];

/** What is logged, and where to. */
export const LOGGING = {
  syslog: setting(onOff, {
    default: '0',
    differs:
      'never waited for: a line that it does not take at once is lost, and counted; better: a slow syslog ' +
      'holds up no client',
    help:
      'Log to the local syslog (/dev/log) as well. A line that it does not take at once is lost, and ' +
      'counted there.',
  }),
  syslog_ident: setting(text(), { default: 'pgbouncer', help: 'Name in syslog lines.' }),
  syslog_facility: setting(oneOf(FACILITY_NAMES), {
    default: 'daemon',
    help: 'Facility of syslog lines.',
  }),
  log_connections: setting(onOff, { default: '1', help: 'Log every login.' }),
  log_disconnections: setting(onOff, {
    default: '1',
    help: 'Log every connection that ends, with the reason.',
  }),
  log_pooler_errors: setting(onOff, {
    default: '1',
    help: 'Log the errors that are sent to clients.',
  }),
  log_stats: setting(onOff, {
    default: '1',
    help: 'Log a line of statistics every stats_period.',
  }),
  verbose: setting(wholeNumber({ max: 3 }), {
    default: '0',
    help: 'How much to log, 0 to 3. The flag -v counts as well; the larger one holds.',
  }),
};
