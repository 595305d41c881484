#!/bin/bash
# Run once by the image of PostgreSQL, while the primary is made: who may log in, and as what.
set -eu
password() { cat "/run/secrets/$1-password"; }

psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
  --set=app="$(password app)" --set=monitor="$(password monitor)" \
  --set=replication="$(password replication)" <<'SQL'
CREATE ROLE app LOGIN PASSWORD :'app';
CREATE ROLE monitor LOGIN PASSWORD :'monitor' IN ROLE pg_monitor;
CREATE ROLE replication LOGIN REPLICATION PASSWORD :'replication';
CREATE DATABASE app OWNER app;
SELECT pg_create_physical_replication_slot(slot) FROM unnest(ARRAY['replica_1', 'replica_2']) slot;
SQL

echo 'host replication replication all scram-sha-256' >>"$PGDATA/pg_hba.conf"
