#!/bin/sh
# Start nginx in its container: everything that is written goes to /run/nginx.
set -eu
sh "$(dirname "$0")/render.sh" /run/nginx/conf
exec nginx -c /run/nginx/conf/nginx.conf -g "daemon off;"
