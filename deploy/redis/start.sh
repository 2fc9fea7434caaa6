#!/bin/sh
# Start Redis with TLS. It holds only rate limit counters, so nothing is stored on disk. The password is read from a
# file, so that it does not appear in the process list.
set -eu
: "${RUN_DIR:=/run/redis}"  # must be writable
: "${SECRETS:=/run/secrets}"
: "${REDIS_PORT:=6379}"
: "${REDIS_BIND:=*}"
umask 077
cat >"$RUN_DIR/redis.conf" <<END
bind $REDIS_BIND
port 0
tls-port $REDIS_PORT
tls-cert-file $SECRETS/redis_certificate
tls-key-file $SECRETS/redis_key
tls-ca-cert-file $SECRETS/internal_ca
tls-auth-clients no
requirepass $(cat "$SECRETS/redis_password")
save ""
appendonly no
maxmemory 128mb
maxmemory-policy volatile-ttl
dir $RUN_DIR
END
exec redis-server "$RUN_DIR/redis.conf"
