"""What an operator's machines ask, on a port of its own: /metrics, /health. For every role, and not for the public."""

from litestar import Litestar

from sgate.api.dependencies import Dependencies
from sgate.api.routes import health
from sgate.http.asgi import App


def create_operations_app(deps: Dependencies) -> App:
    """The ASGI application of SGATE_METRICS_PORT. Outside of the edge: its requests are neither logged nor counted."""
    return Litestar(  # type: ignore[return-value] - our ASGI types are the plain ones
        route_handlers=[*health.routes(deps), health.metrics_route(deps)],
        openapi_config=None,
        logging_config=None,
    )
