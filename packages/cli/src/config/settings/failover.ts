import { onOff, text, time } from '../value-types';
import { DATABASE_NAME_BYTES_MAX, USER_NAME_BYTES_MAX } from './names';
import { setting } from './row';

const INTERVAL_MS_MIN = 20;

/** Which server is the primary, and what happens when it is lost. */
export const FAILOVER = {
  health_check_interval: setting(time({ minMs: INTERVAL_MS_MIN }), {
    default: '0.5',
    help: 'How often each server of a database with target_session_attrs is asked how it is.',
  }),
  health_check_timeout: setting(time({ minMs: INTERVAL_MS_MIN }), {
    default: '1',
    help: 'A server that has not answered such a question by then counts as one that does not answer.',
  }),
  health_check_user: setting(text({ bytesMax: USER_NAME_BYTES_MAX }), {
    help:
      'Who asks; no privileges are needed, its password comes from auth_file. Not set: the user of the ' +
      'entry, otherwise auth_user.',
  }),
  health_check_dbname: setting(text({ bytesMax: DATABASE_NAME_BYTES_MAX }), {
    help: 'In which database. Not set: that of the entry.',
  }),
  failover_hold_timeout: setting(time(), {
    default: '30',
    help:
      'How long work waits for another primary when the one before is lost, then it fails with 57P03. ' +
      'query_wait_timeout holds too, if it is smaller. 0: as long as that allows.',
  }),
  retry_reads: setting(onOff, {
    default: '1',
    help:
      'Run a read once more, on another server, when its connection is lost before anything of its ' +
      'answer has reached the client.',
  }),
};
