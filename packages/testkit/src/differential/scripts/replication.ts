import { query, run, sync } from '../../wire/frontend';
import { ask, EVERY_MODE, type Script } from '../script';

/** Connections that speak the replication protocol. */
export function replicationScripts(): readonly Script[] {
  return [
    {
      name: 'replication: commands and SQL of a logical walsender',
      modes: EVERY_MODE,
      login: { replication: 'database' },
      // The position in the log moves on.
      normalise: (line) =>
        line.replace(/[0-9A-F]+\/[0-9A-F]{6,}/g, 'LSN').replace(/^D .*LSN/, 'D LSN'),
      steps: [
        ask(query('IDENTIFY_SYSTEM')),
        ask(query('SHOW wal_level')),
        ask(query('SELECT 1')),
        ask(query('START_REPLICATION SLOT nobody LOGICAL 0/0')),
        ask(query('SELECT 2')),
      ],
    },
    {
      name: 'replication: the extended protocol is refused',
      modes: EVERY_MODE,
      login: { replication: 'database' },
      steps: [ask(run('SELECT 1'), sync())],
    },
  ];
}
