"""The application: Litestar with our routes, inside the edge."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from sgate.api import (
    api_keys,
    audit_log,
    events,
    health,
    merchants,
    openapi_document,
    payment_intents,
    payments,
    public,
    public_pages,
    simulator,
    webhook_deliveries,
    webhook_endpoints,
)
from sgate.api.public_hits import PublicHits
from sgate.api.services import Services
from sgate.http.asgi import App
from sgate.http.error_responses import answer
from sgate.http.middleware import Edge


def create_app(
    services: Services, pages: Sequence[ControllerRouterHandler], *, https_only: bool, serves_metrics: bool = True
) -> App:
    """The ASGI application. `pages`: the routes of the server-rendered pages."""
    app = Litestar(
        route_handlers=[
            payment_intents.routes(services),
            payments.routes(services),
            merchants.routes(services),
            webhook_endpoints.routes(services),
            webhook_endpoints.recovery_routes(services),
            webhook_deliveries.routes(services),
            events.routes(services),
            api_keys.routes(services),
            audit_log.routes(services),
            simulator.routes(services),
            *public.routes(services),
            *public_pages.routes(services),
            *health.routes(services),
            *([health.metrics_route(services)] if serves_metrics else []),
            openapi_document.route(),
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
        public_url=next((mode.public_url for mode in services.modes.values()), ""),
        https_only=https_only,
        hits=PublicHits(services),
        on_change=services.reads.changed,
        methods={route.path_format: route.methods for route in app.routes if isinstance(route, HTTPRoute)},
    )
