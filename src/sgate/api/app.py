"""The ASGI application: Litestar with all routes, wrapped in the `Edge` middleware."""

from collections.abc import Sequence

from litestar import Litestar
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from sgate.api.dependencies import Dependencies
from sgate.api.routes import (
    api_keys,
    audit_log,
    events,
    health,
    logos,
    merchants,
    payment_intents,
    payments,
    public_intents,
    simulator,
    webhook_deliveries,
    webhook_endpoints,
    webhook_recoveries,
)
from sgate.http.asgi import App
from sgate.http.error_responses import answer
from sgate.http.middleware import Edge


def create_app(
    deps: Dependencies, pages: Sequence[ControllerRouterHandler], *, https_only: bool, serves_metrics: bool = True
) -> App:
    """Create the ASGI application. `pages` contains the routes of the pages and documents."""
    app = Litestar(
        route_handlers=[
            *payment_intents.routes(deps),
            *payments.routes(deps),
            *merchants.routes(deps),
            *webhook_endpoints.routes(deps),
            *webhook_recoveries.routes(deps),
            *webhook_deliveries.routes(deps),
            *events.routes(deps),
            *api_keys.routes(deps),
            *audit_log.routes(deps),
            *simulator.routes(deps),
            *public_intents.routes(deps),
            logos.route(deps),
            *health.routes(deps),
            *([health.metrics_route(deps)] if serves_metrics else []),
            *pages,
        ],
        exception_handlers={Exception: answer},
        openapi_config=None,
        logging_config=None,
        include_in_schema=False,
    )
    return Edge(
        app,  # type: ignore[arg-type] - plain ASGI types, not Litestar's
        deps.metrics,
        public_url=next((mode.public_url for mode in deps.modes.values()), ""),
        https_only=https_only,
        on_change=deps.reads.changed,
        methods={route.path_format: route.methods for route in app.routes if isinstance(route, HTTPRoute)},
    )
