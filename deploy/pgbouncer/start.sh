#!/bin/sh
# Start PgBouncer in its container: everything that is written goes to /run/pgbouncer.
set -eu
sh "$(dirname "$0")/render.sh" /run/pgbouncer
exec pgbouncer /run/pgbouncer/pgbouncer.ini
