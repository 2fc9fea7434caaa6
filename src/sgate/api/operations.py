"""What an operator's machines ask, on a port of its own: /metrics, /health. For every role, and not for the public."""

from litestar import Litestar

from sgate.api import health
from sgate.api.services import Services
from sgate.http.asgi import App


def create_operations_app(services: Services) -> App:
    """The ASGI application of SGATE_METRICS_PORT. Outside of the edge: its requests are neither logged nor counted."""
    return Litestar(  # type: ignore[return-value] - our ASGI types are the plain ones
        route_handlers=[*health.routes(services), health.metrics_route(services)],
        openapi_config=None,
        logging_config=None,
    )
