import { ADMIN, DEMO, POOL_SIZE, REPLICA_DATABASE } from './daemon-files';

export interface Addresses {
  readonly port: number;
  /** Of the web page and the metrics. */
  readonly pagePort: number;
  readonly socketDir: string;
  readonly primaryPort: number;
  readonly replicaPort: number;
}

/** What to try, ready to paste. */
export function welcome(addresses: Addresses): string {
  const { port, pagePort, socketDir, primaryPort, replicaPort } = addresses;
  const url = (who: { user: string; password: string }, database: string): string =>
    `postgres://${who.user}:${who.password}@127.0.0.1:${port}/${database}`;
  return `
pgweir listens on 127.0.0.1:${port}, before PostgreSQL 18 (port ${primaryPort}) and its replica \
(port ${replicaPort}).

  page         http://127.0.0.1:${pagePort}/   (to give orders, sign in with: ${ADMIN.password})
  connect      psql ${url(DEMO, DEMO.database)}
  replica      psql ${url(DEMO, REPLICA_DATABASE)}
  Unix socket  psql 'host=${socketDir} port=${port} user=${DEMO.user} password=${DEMO.password} \
dbname=${DEMO.database}'
  console      psql ${url(ADMIN, ADMIN.database)} -c 'SHOW POOLS'
  metrics      http://127.0.0.1:${pagePort}/metrics

  1,000 clients at once over ${POOL_SIZE} connections to PostgreSQL:
               npm run burst -- --url ${url(DEMO, DEMO.database)}

  failover     press f: kill -9 of the primary, and the replica is promoted. Clients stay connected.
               With npm start -- --load 20 there is something to see: on the page, and in SHOW FAILOVERS.

Ctrl-C stops everything and removes it.
`;
}
