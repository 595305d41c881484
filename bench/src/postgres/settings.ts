import type { ClusterOptions } from '@pgweir/testkit';
import { DATABASE, PASSWORD, SCRAM_USER, USER } from './names';

/** The server for all runs: the tables stay in memory, and commits do not wait for a disk. */
export const CLUSTER: ClusterOptions = {
  tls: true,
  settings: {
    // A thousand clients without a pooler, and each pooler's links while the others have their turn.
    max_connections: '3000',
    shared_buffers: '256MB',
    autovacuum: 'off',
    // With the SQLSTATE, by which refused connections are counted.
    log_line_prefix: '%m [%p] %e %q%u@%d ',
  },
  hba: [`host all ${SCRAM_USER} 127.0.0.1/32 scram-sha-256`, 'host all all 127.0.0.1/32 trust'],
  users: [{ name: USER }, { name: SCRAM_USER, password: PASSWORD }],
  databases: [{ name: DATABASE, owner: USER }],
};
