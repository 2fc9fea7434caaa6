"""Monitoring for operators: /metrics and /health on a separate port, which is not public. Every role serves them."""

from litestar import Litestar

from sgate.api.dependencies import Dependencies
from sgate.api.routes import health
from sgate.http.asgi import App


def create_operations_app(deps: Dependencies) -> App:
    """Create the ASGI application of `SGATE_METRICS_PORT`. Requests to it are neither logged nor counted in metrics."""
    return Litestar(  # type: ignore[return-value] - plain ASGI types, not Litestar's
        route_handlers=[*health.routes(deps), health.metrics_route(deps)],
        openapi_config=None,
        logging_config=None,
    )
