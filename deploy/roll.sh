#!/bin/sh
# Put another version into service without a lost request: `SGATE_IMAGE=... roll.sh`. One process after another is
# stopped, replaced, and waited for until it is healthy; docs/upgrading.md says why in this order.
set -eu
cd "$(dirname "$0")"
compose="docker compose -f compose.production.yaml"

$compose run --rm migrate
for service in maintenance deliverer-1 deliverer-2 watcher-1 watcher-2 api-1 api-2 api-3; do
  echo "Replacing $service"
  $compose up --detach --no-deps --wait --wait-timeout 120 "$service"
done
