#!/bin/bash
# A replica of the service "primary": copied from there when it is new, then as any PostgreSQL.
set -eu
slot=${REPLICA_SLOT:?}
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chown postgres:postgres "$PGDATA"
  chmod 700 "$PGDATA"
  PGPASSWORD=$(cat /run/secrets/replication-password)
  export PGPASSWORD
  gosu postgres pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --wal-method=stream --checkpoint=fast \
    --slot="$slot" --dbname="host=primary user=replication application_name=$slot"
  unset PGPASSWORD
fi
# It comes back soon when the primary has been away.
exec docker-entrypoint.sh postgres -c hot_standby=on -c wal_retrieve_retry_interval=1s
