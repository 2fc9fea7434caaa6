#!/bin/sh
# Write the configuration of PgBouncer: `render.sh DIRECTORY`. Settings are environment variables; those without a
# default below are required. Run it with `pgbouncer DIRECTORY/pgbouncer.ini`.
set -eu
out=$1
from=$(dirname "$0")

: "${POSTGRES_HOST:?the host of PostgreSQL}"
: "${POSTGRES_PORT:=5432}"
: "${POSTGRES_REPLICA_HOST:=$POSTGRES_HOST}"
: "${POSTGRES_REPLICA_PORT:=$POSTGRES_PORT}"
: "${POSTGRES_DATABASE:=sgate}"
: "${POSTGRES_USER:=sgate_app}"
: "${POSTGRES_PASSWORD_FILE:?a file with the password}"
: "${POSTGRES_TLS:=verify-full}"          # disable, prefer, require, verify-ca, verify-full
: "${POSTGRES_CA:=}"                      # the CA certificate that PostgreSQL's certificate is verified against
: "${STATEMENT_TIMEOUT_MS:=15000}"        # the same as SGATE_DATABASE_STATEMENT_TIMEOUT_S
: "${PGBOUNCER_LISTEN_ADDRESS:=0.0.0.0}"
: "${PGBOUNCER_PORT:=6432}"
: "${PGBOUNCER_ADMIN:=pgbouncer_admin}"   # who may use the console; not a role of PostgreSQL
: "${PGBOUNCER_ADMIN_PASSWORD_FILE:=}"    # without it, nobody may
: "${PGBOUNCER_TLS:=require}"             # for sGate's connections: disable, allow, require
: "${PGBOUNCER_CERTIFICATE:=}"
: "${PGBOUNCER_CERTIFICATE_KEY:=}"
: "${PGBOUNCER_POOL_SIZE:=20}"
: "${PGBOUNCER_MAX_CLIENTS:=2000}"
: "${PGBOUNCER_RUN_DIR:=$out}"            # must be writable

POSTGRES_CA_LINE=${POSTGRES_CA:+server_tls_ca_file = $POSTGRES_CA}
PGBOUNCER_CERTIFICATE_LINES=${PGBOUNCER_CERTIFICATE:+client_tls_cert_file = $PGBOUNCER_CERTIFICATE
client_tls_key_file = $PGBOUNCER_CERTIFICATE_KEY}
export POSTGRES_HOST POSTGRES_PORT POSTGRES_REPLICA_HOST POSTGRES_REPLICA_PORT POSTGRES_DATABASE POSTGRES_USER \
  POSTGRES_TLS POSTGRES_CA_LINE STATEMENT_TIMEOUT_MS PGBOUNCER_LISTEN_ADDRESS PGBOUNCER_PORT PGBOUNCER_TLS \
  PGBOUNCER_CERTIFICATE_LINES PGBOUNCER_POOL_SIZE PGBOUNCER_MAX_CLIENTS PGBOUNCER_RUN_DIR PGBOUNCER_ADMIN

mkdir -p "$out"
if [ -z "$PGBOUNCER_ADMIN_PASSWORD_FILE" ]; then
  PGBOUNCER_ADMIN=""
fi
# Print the line of a user, whose password is in the file $2. Quotes in the password are doubled.
user() {
  printf '"%s" "%s"\n' "$1" "$(sed 's/"/""/g' "$2")"
}
umask 077 # the file with the passwords is readable by this user only
{
  user "$POSTGRES_USER" "$POSTGRES_PASSWORD_FILE"
  if [ -n "$PGBOUNCER_ADMIN" ]; then user "$PGBOUNCER_ADMIN" "$PGBOUNCER_ADMIN_PASSWORD_FILE"; fi
} >"$PGBOUNCER_RUN_DIR/userlist.txt"
envsubst <"$from/pgbouncer.ini.template" >"$out/pgbouncer.ini"
