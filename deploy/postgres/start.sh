#!/bin/sh
# Start PostgreSQL in the official image, as the user `postgres`: the primary, or with PRIMARY_HOST a streaming replica.
# Set ENTRYPOINT if the image's own entrypoint has another name.
set -eu
from=$(cd "$(dirname "$0")" && pwd)
: "${PGDATA:?the data directory}"
: "${RUN_DIR:=/run/sgate}"                        # must be writable
: "${SECRETS:=/run/secrets}"
: "${SYNCHRONOUS_STANDBYS=FIRST 1 (replica)}"     # empty: do not wait for the replica
: "${PRIMARY_HOST:=}"
: "${PRIMARY_PORT:=5432}"
: "${ENTRYPOINT:=docker-entrypoint.sh}"

# PostgreSQL refuses a private key that others can read.
umask 077
cp "$SECRETS/postgres_key" "$RUN_DIR/server.key"

if [ -n "$PRIMARY_HOST" ]; then
  printf '%s:%s:*:replicator:%s\n' "$PRIMARY_HOST" "$PRIMARY_PORT" "$(cat "$SECRETS/postgres_replication_password")" \
    >"$RUN_DIR/pgpass"
  primary="host=$PRIMARY_HOST port=$PRIMARY_PORT user=replicator passfile=$RUN_DIR/pgpass sslmode=verify-full sslrootcert=$SECRETS/internal_ca application_name=replica"
  if ! [ -s "$PGDATA/PG_VERSION" ]; then
    # On the first start copy the primary. Retry, because it may still be starting.
    until pg_basebackup --pgdata "$PGDATA" --dbname "$primary" --slot replica --wal-method stream --checkpoint fast; do
      echo "The primary cannot be copied yet; retrying."
      find "$PGDATA" -mindepth 1 -delete
      sleep 2
    done
    touch "$PGDATA/standby.signal"
  fi
  set -- -c "primary_conninfo=$primary" -c primary_slot_name=replica
else
  set -- -c "synchronous_standby_names=$SYNCHRONOUS_STANDBYS"
fi

exec "$ENTRYPOINT" postgres -c "config_file=$from/postgresql.conf" -c "hba_file=$from/pg_hba.conf" \
  -c "data_directory=$PGDATA" -c "ssl_key_file=$RUN_DIR/server.key" -c "ssl_cert_file=$SECRETS/postgres_certificate" "$@"
