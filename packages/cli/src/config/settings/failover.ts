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
  switchover_timeout: setting(time({ minMs: 1 }), {
    default: '10',
    help:
      'How long SWITCHOVER lets work wait until all transactions have ended and the target has caught up. Then it is ' +
      'called off, and work goes on.',
  }),
  demote_command: setting(text(), {
    notBySet: true,
    help:
      'How SWITCHOVER demotes a primary that Patroni does not manage: a command line for the shell, which stops it ' +
      'cleanly (it may make a standby of it). 0 as its exit code says that it has. In its environment are ' +
      'PGWEIR_DATABASE, PGWEIR_PRIMARY_HOST, PGWEIR_PRIMARY_PORT, PGWEIR_TARGET_HOST and PGWEIR_TARGET_PORT. ' +
      'Cannot be changed by SET.',
  }),
  demote_timeout: setting(time({ minMs: 1 }), {
    default: '30',
    help: 'How long that, or a switchover that Patroni makes, may take. The command is killed then.',
  }),
};
