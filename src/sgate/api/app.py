"""The application: Litestar with our routes, inside the edge."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from sgate.api import events, health, merchants, openapi, payment_intents, public, webhook_endpoints
from sgate.api.edge import App, Edge
from sgate.api.errors import answer
from sgate.api.services import Services


def create_app(services: Services, pages: Sequence[ControllerRouterHandler], *, https_only: bool) -> App:
    """The ASGI application. `pages`: the routes of the server-rendered pages."""
    app = Litestar(
        route_handlers=[
            payment_intents.routes(services),
            merchants.routes(services),
            webhook_endpoints.routes(services),
            events.routes(services),
            *public.routes(services),
            *health.routes(services),
            openapi.route(),
            *pages,
        ],
        exception_handlers={Exception: answer},
        openapi_config=None,
        logging_config=None,
        include_in_schema=False,
    )
    return Edge(
        app,  # type: ignore[arg-type] - our ASGI types are the plain ones
        services.metrics,
        https_only=https_only,
    )
