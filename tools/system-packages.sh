#!/bin/sh
# Installs the system packages that the tests need: Chromium, Redis, PostgreSQL 15 beside the embedded 18, the services
# around sGate in production (nginx with its brotli module, PgBouncer, promtool, and envsubst for their configuration),
# and faketime, with which the rig skews clocks.
# It uses apt as root or through sudo; if it can do neither, it lists the missing packages.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
[ -x /usr/lib/postgresql/15/bin/postgres ] || missing="$missing postgresql-15"
[ -x /usr/sbin/nginx ] || missing="$missing nginx"
[ -e /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so ] || missing="$missing libnginx-mod-http-brotli-filter"
[ -x /usr/sbin/pgbouncer ] || missing="$missing pgbouncer"
command -v envsubst >/dev/null 2>&1 || missing="$missing gettext-base"
command -v openssl >/dev/null 2>&1 || missing="$missing openssl"
command -v faketime >/dev/null 2>&1 || missing="$missing faketime"
command -v promtool >/dev/null 2>&1 || missing="$missing prometheus"
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
  echo "The tests need these packages, and apt-get is not available to install them:$missing" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
  as_root="sudo"
else
  echo "The tests need these packages. Install them and try again:" >&2
  echo "  apt-get install --no-install-recommends$missing" >&2
  exit 1
fi
echo "Installing$missing"
export DEBIAN_FRONTEND=noninteractive
# Do not start the servers of the packages: the tests start their own.
$as_root apt-get update -qq
# shellcheck disable=SC2086
RUNLEVEL=1 $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
