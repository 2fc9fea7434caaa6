#!/bin/sh
# Runs once, when the primary's data directory is created: creates the roles, the database and the replica's slot.
set -eu
: "${SECRETS:=/run/secrets}"
export SECRETS
# psql reads the passwords from the files, so that they do not appear in the process list. Commits do not wait for the
# replica, which does not exist yet.
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
SET synchronous_commit = local;
\set sgate_password `cat "$SECRETS/postgres_password"`
\set replication_password `cat "$SECRETS/postgres_replication_password"`
CREATE ROLE sgate LOGIN PASSWORD :'sgate_password';
CREATE ROLE replicator LOGIN REPLICATION PASSWORD :'replication_password';
CREATE DATABASE sgate OWNER sgate;
SELECT pg_create_physical_replication_slot('replica', true);
SQL
