#!/bin/sh
# Whether PgBouncer listens: its port stands in the kernel's table (there is no client in the image to ask with).
set -eu
port=$(printf '%04X' "${PGBOUNCER_PORT:-6432}")
grep -qE "^ *[0-9]+: [0-9A-F]+:$port [0-9A-F]+:0000 0A " /proc/net/tcp /proc/net/tcp6
