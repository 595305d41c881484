import { oneOf, onOff, text, wholeNumber } from '../value-types';
import { noEffect, setting } from './row';

const NO_SYSLOG = 'there is no syslog output; lines go to stderr and to logfile';

/** What is logged, and where to. */
export const LOGGING = {
  syslog: setting(onOff, {
    default: '0',
    class: noEffect(NO_SYSLOG, '0'),
    help: 'Log to syslog as well.',
  }),
  syslog_ident: setting(text(), {
    default: 'pgbouncer',
    class: noEffect(NO_SYSLOG),
    help: 'Name in syslog lines.',
  }),
  syslog_facility: setting(
    oneOf([
      'auth',
      'authpriv',
      'daemon',
      'user',
      'local0',
      'local1',
      'local2',
      'local3',
      'local4',
      'local5',
      'local6',
      'local7',
    ]),
    { default: 'daemon', class: noEffect(NO_SYSLOG), help: 'Facility of syslog lines.' },
  ),
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
