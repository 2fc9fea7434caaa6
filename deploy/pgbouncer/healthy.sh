#!/bin/sh
# Check that PgBouncer listens, by its port in the kernel's table: the image contains no client to connect with.
set -eu
port=$(printf '%04X' "${PGBOUNCER_PORT:-6432}")
grep -qE "^ *[0-9]+: [0-9A-F]+:$port [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6
