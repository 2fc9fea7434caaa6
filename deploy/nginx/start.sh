#!/bin/sh
# Start nginx in its container. It writes only to /run/nginx.
set -eu
sh "$(dirname "$0")/render.sh" /run/nginx/conf
exec nginx -c /run/nginx/conf/nginx.conf -g "daemon off;"
