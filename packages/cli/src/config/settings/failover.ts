import { CONSISTENCIES } from '@pgweir/pooler';
import { leasePlace } from '../lease-place';
import { oneOf, onOff, text, time } from '../value-types';
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
  consistency: setting(oneOf(CONSISTENCIES), {
    default: 'session',
    help:
      'What a replica must have replayed to be read from. session: whatever the client has written or read ' +
      'before. global: whatever any client has committed through pgweir. eventual: nothing in particular.',
  }),
  max_replica_lag: setting(time(), {
    default: '0',
    help:
      'A replica that is further behind, as health checks measure it, is not read from, and one of which that is ' +
      'not known neither. 0: no bound.',
  }),
  switchover_timeout: setting(time({ minMs: 1 }), {
    default: '10',
    help:
      'How long SWITCHOVER lets work wait until all transactions have ended and the target has caught up. Then it is ' +
      'called off, and work goes on.',
  }),
  switchover_lead: setting(time(), {
    default: '2',
    help:
      'How long before a switchover that Patroni has scheduled new work begins to wait for it, so that open transactions ' +
      'can end. It goes on when another server is primary, when the switchover is off, or switchover_timeout after ' +
      'the time that was set for it. 0: nothing waits before it happens.',
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
  failover_mode: setting(oneOf(['follow', 'promote']), {
    default: 'follow',
    help:
      'Who promotes a replica when a primary is lost. follow: others do, and pgweir sees it. promote: pgweir does, with ' +
      'fence_command and promoter_lease.',
  }),
  failover_after: setting(time({ minMs: 1 }), {
    default: '10',
    help: 'How long a primary has to have been lost, without interruption, before that happens.',
  }),
  failover_min_interval: setting(time(), {
    default: '60',
    help:
      'How long after a server has become primary, other than by SWITCHOVER, another one is promoted at the ' +
      'earliest.',
  }),
  fence_command: setting(text(), {
    notBySet: true,
    help:
      'What makes sure that a lost primary neither writes nor answers any more, before another one is promoted: a ' +
      'command line for the shell, with the environment of demote_command. Any exit code but 0: nobody is ' +
      'promoted. It may be run several times. Cannot be changed by SET.',
  }),
  fence_timeout: setting(time({ minMs: 1 }), {
    default: '10',
    help: 'How long that may take. The command is killed then, and nobody is promoted.',
  }),
  promoter_lease: setting(leasePlace, {
    secret: true,
    notBySet: true,
    help:
      'Where those that may promote keep who of them does, the same for all that serve these databases. In etcd 3.4 or ' +
      'later: etcd://host:2379,host2:2379/key, or https://user:password@host:2379/key, whose certificate has to be good for ' +
      'the system, or for server_tls_ca_file. For one machine: file:/absolute/path, which is locked. Cannot be ' +
      'changed by SET.',
  }),
  promoter_lease_ttl: setting(time({ minMs: 5000 }), {
    default: '20',
    help: 'How long another one waits for a promoter in etcd that has vanished. Has to be longer than fence_timeout.',
  }),
};
