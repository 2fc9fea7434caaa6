#!/bin/sh
# Write the configuration of nginx: `render.sh DIRECTORY`. Settings are environment variables; those without a default
# below are required. Run it with `nginx -c DIRECTORY/nginx.conf`.
set -eu
out=$1
from=$(dirname "$0")

: "${SGATE_PUBLIC_URL:?the https:// address that customers use}"
: "${NGINX_API_SERVERS:?addresses of the api processes, separated by spaces: 172.30.0.11:4000 172.30.0.12:4000}"
: "${NGINX_CERTIFICATE:=/run/secrets/tls_certificate}"     # with its intermediates
: "${NGINX_CERTIFICATE_KEY:=/run/secrets/tls_key}"
: "${NGINX_BALANCERS:=}"                                   # load balancers in front of nginx whose X-Forwarded-For is trusted
: "${NGINX_HTTP_LISTEN:=8080}"
: "${NGINX_HTTPS_LISTEN:=8443}"
: "${NGINX_API_RATE:=100r/s}"                              # per client (IPv4 address or IPv6 /64), API requests
: "${NGINX_API_BURST:=400}"
: "${NGINX_PUBLIC_RATE:=50r/s}"                            # per client, everything else
: "${NGINX_PUBLIC_BURST:=200}"
: "${NGINX_CONNECTIONS_PER_ADDRESS:=256}"
: "${NGINX_RUN_DIR:=/run/nginx}"                           # must be writable
: "${NGINX_ACME_ROOT:=/var/www/acme}"                      # where an ACME client puts its challenge responses
: "${NGINX_ACCESS_LOG:=/dev/stdout}"
: "${NGINX_ERROR_LOG:=stderr}"
: "${NGINX_MODULES:=/usr/lib/nginx/modules}"
export SGATE_PUBLIC_URL NGINX_CERTIFICATE NGINX_CERTIFICATE_KEY NGINX_HTTP_LISTEN NGINX_HTTPS_LISTEN NGINX_API_RATE \
  NGINX_API_BURST NGINX_PUBLIC_RATE NGINX_PUBLIC_BURST NGINX_CONNECTIONS_PER_ADDRESS NGINX_RUN_DIR NGINX_ACME_ROOT \
  NGINX_ACCESS_LOG NGINX_ERROR_LOG NGINX_MODULES

mkdir -p "$out"
cp "$from"/*.conf "$out"
# Only these names are substituted, because nginx has variables of its own.
# shellcheck disable=SC2016
names='${SGATE_PUBLIC_URL} ${NGINX_CERTIFICATE} ${NGINX_CERTIFICATE_KEY} ${NGINX_HTTP_LISTEN} ${NGINX_HTTPS_LISTEN}
  ${NGINX_API_RATE} ${NGINX_API_BURST} ${NGINX_PUBLIC_RATE} ${NGINX_PUBLIC_BURST} ${NGINX_CONNECTIONS_PER_ADDRESS}
  ${NGINX_RUN_DIR} ${NGINX_ACME_ROOT} ${NGINX_ACCESS_LOG} ${NGINX_ERROR_LOG} ${NGINX_MODULES}'
for name in nginx.conf problems.conf; do
  envsubst "$names" <"$from/$name.template" >"$out/$name"
done
# After two failed connections a server is skipped for two seconds.
for address in $NGINX_API_SERVERS; do
  echo "server $address max_fails=2 fail_timeout=2s;"
done >"$out/servers.conf"
for network in $NGINX_BALANCERS; do
  echo "set_real_ip_from $network;"
done >"$out/balancers.conf"
