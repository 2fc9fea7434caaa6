#!/bin/sh
# Runs once, when compose.yaml creates the data directory: creates the roles and the database. `sgate` owns the schema and
# migrates it; the application logs in as `sgate_app`, which cannot rewrite the books.
set -eu
# psql reads the passwords from the environment, so that they do not appear in the process list.
psql -v ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv app_password POSTGRES_APP_PASSWORD
CREATE ROLE sgate LOGIN PASSWORD :'owner_password';
CREATE ROLE sgate_app LOGIN PASSWORD :'app_password';
CREATE DATABASE sgate OWNER sgate;
REVOKE TEMPORARY ON DATABASE sgate FROM PUBLIC;
SQL
