#!/bin/sh
# Deploy another version without losing a request: `SGATE_IMAGE=... roll.sh`. It replaces one process after another and
# waits until each is healthy; docs/upgrading.md explains the order.
set -eu
cd "$(dirname "$0")"
compose="docker compose -f compose.production.yaml"

$compose run --rm migrate
for service in maintenance deliverer-1 deliverer-2 watcher-1 watcher-2 api-1 api-2 api-3; do
  echo "Replacing $service"
  $compose up --detach --no-deps --wait --wait-timeout 120 "$service"
done
