"""Liveness check of a container: request /health/live, and exit with status 0 or 1.

It checks liveness and not readiness, because an unavailable database is no reason to restart a process that waits for
it.
"""

import http.client
import os
import sys

TIMEOUT_S = 3


def main() -> int:
    port = int(os.environ.get("SGATE_METRICS_PORT") or os.environ.get("SGATE_PORT") or "4000")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/health/live")
        return 0 if connection.getresponse().status == http.HTTPStatus.OK else 1
    except (OSError, http.client.HTTPException) as error:
        print(f"no response on port {port}: {error}")
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
