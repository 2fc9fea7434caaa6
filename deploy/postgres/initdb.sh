#!/bin/sh
# Runs once, when the primary's data directory is created: creates the roles, the database and the replica's slot. `sgate`
# owns the schema and migrates it; the application logs in as `sgate_app`, which cannot rewrite the books.
set -eu
: "${SECRETS:=/run/secrets}"
export SECRETS
# psql reads the passwords from the files, so that they do not appear in the process list. Commits do not wait for the
# replica, which does not exist yet.
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
SET synchronous_commit = local;
\set owner_password `cat "$SECRETS/postgres_owner_password"`
\set app_password `cat "$SECRETS/postgres_app_password"`
\set replication_password `cat "$SECRETS/postgres_replication_password"`
CREATE ROLE sgate LOGIN PASSWORD :'owner_password';
CREATE ROLE sgate_app LOGIN PASSWORD :'app_password';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication_password';
CREATE DATABASE sgate OWNER sgate;
REVOKE TEMPORARY ON DATABASE sgate FROM PUBLIC;
SELECT pg_create_physical_replication_slot('replica', true);
SQL
