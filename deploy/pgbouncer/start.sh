#!/bin/sh
# Start PgBouncer in its container. It writes only to /run/pgbouncer.
set -eu
sh "$(dirname "$0")/render.sh" /run/pgbouncer
exec pgbouncer /run/pgbouncer/pgbouncer.ini
