import { ADMIN, DEMO, POOL_SIZE, REPLICA_DATABASE } from './daemon-files';

export interface Addresses {
  readonly port: number;
  readonly socketDir: string;
  readonly primaryPort: number;
  readonly replicaPort: number;
}

/** What to try, ready to paste. */
export function welcome({ port, socketDir, primaryPort, replicaPort }: Addresses): string {
  const url = (who: { user: string; password: string }, database: string): string =>
    `postgres://${who.user}:${who.password}@127.0.0.1:${port}/${database}`;
  return `
pgweir listens on 127.0.0.1:${port}, before PostgreSQL 18 (port ${primaryPort}) and its replica \
(port ${replicaPort}).

  connect      psql ${url(DEMO, DEMO.database)}
  replica      psql ${url(DEMO, REPLICA_DATABASE)}
  Unix socket  psql 'host=${socketDir} port=${port} user=${DEMO.user} password=${DEMO.password} \
dbname=${DEMO.database}'
  console      psql ${url(ADMIN, ADMIN.database)} -c 'SHOW POOLS'

  1,000 clients at once over ${POOL_SIZE} connections to PostgreSQL:
               npm run burst -- --url ${url(DEMO, DEMO.database)}

  failover     press f: kill -9 of the primary, and the replica is promoted. Clients stay connected.
               With --load 20 there is something to see; then SHOW TOPOLOGY and SHOW FAILOVERS.

Ctrl-C stops everything and removes it.
`;
}
