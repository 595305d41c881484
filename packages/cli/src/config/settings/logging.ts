import { LOG_FORMATS } from '../../log/format';
import { FACILITIES } from '../../log/syslog-message';
import { oneOf, onOff, optionalTime, text, wholeNumber } from '../value-types';
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
  log_format: setting(oneOf(LOG_FORMATS), {
    default: 'text',
    help:
      'Our own. How lines are written: text as PgBouncer has it, or json, one object in each line. See ' +
      'docs/logs.md.',
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
  log_min_duration: setting(optionalTime, {
    help:
      'Our own. Log each statement that takes at least so long, with the part of that which it has waited ' +
      'for a link, and without its literals; at most 20 lines a second. 0: all. Empty or -1: none.',
  }),
  log_min_duration_literals: setting(onOff, {
    default: '0',
    help:
      'Our own. Log slow statements (log_min_duration) also as they were sent, with their literals: the first ' +
      '1000 bytes of a query or a change of data, never of what may set a password.',
  }),
  statement_stats: setting(onOff, {
    default: '0',
    help:
      'Our own. Count how often each statement runs, how long it takes and how long it waits for a link: ' +
      'SHOW STATEMENTS. Switched off, what was counted is forgotten.',
  }),
  statement_stats_max: setting(wholeNumber({ min: 1, max: 100_000 }), {
    default: '1000',
    help:
      'Our own. So many statements are counted by themselves, in each process; what is seldom run makes ' +
      'room, and is counted together.',
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
