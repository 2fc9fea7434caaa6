#!/bin/sh
# Start Redis: counters of rate limits only, so nothing is kept on disk. TLS, and a password from a file, which so does
# not appear in the list of processes.
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
