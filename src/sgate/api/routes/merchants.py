"""The calls under /v1/merchants/me."""

import msgspec
from litestar import Response, Router, delete, get, patch, put

from sgate.api import request_bodies
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import days_of, refuse_unknown_parameters
from sgate.api.requests import AnyRequest, actor_of, json_body, json_response, principal_of
from sgate.core.scope import Scope
from sgate.http.rate_limits import LimitClass
from sgate.objects.encoding import encode
from sgate.objects.merchant import merchant_object
from sgate.services import branding, merchants, stats


def routes(deps: Dependencies) -> Router:
    """The calls about the merchant."""

    @get("/me")
    async def retrieve_merchant(request: AnyRequest) -> Response[bytes]:
        """The merchant of this key."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        fresh = await deps.authenticator.refresh(principal)
        return json_response(encode(merchant_object(fresh.merchant, deps.modes[fresh.merchant.livemode])))

    @patch("/me")
    async def update_merchant(request: AnyRequest) -> Response[bytes]:
        """Change the profile and the settings of this key's mode."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        change = request_bodies.given(decode(await json_body(request), request_bodies.UpdateMerchant))
        mode = deps.modes[principal.merchant.livemode]
        merchant = await merchants.update_settings(
            deps.pool, principal.merchant, change, mode, actor_of(request, deps, principal)
        )
        await deps.authenticator.refresh(principal)
        return json_response(encode(merchant_object(merchant, mode)))

    @get("/me/stats")
    async def retrieve_merchant_stats(request: AnyRequest) -> Response[bytes]:
        """The merchant's numbers, day by day."""
        principal = await principal_of(request, deps, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "from_date", "to_date")
        first, last = days_of(request, deps.environment.now(), stats.DEFAULT_DAYS, longest=stats.MAX_DAYS)
        return json_response(encode(await stats.stats_of(deps.reads, principal.merchant, first, last)))

    @put("/me/logo")
    async def set_logo(request: AnyRequest) -> Response[bytes]:
        """Show a logo on the pages; the body is the picture."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        merchant, actor = principal.merchant, actor_of(request, deps, principal)
        logo = await branding.set_logo(deps.pool, merchant, await request.body(), actor)
        merchant = msgspec.structs.replace(merchant, logo=logo)
        return json_response(encode(merchant_object(merchant, deps.modes[merchant.livemode])))

    @delete("/me/logo", status_code=200)
    async def delete_logo(request: AnyRequest) -> Response[bytes]:
        """Show no logo any more."""
        principal = await principal_of(request, deps, Scope.ADMIN, LimitClass.OTHER)
        merchant = principal.merchant
        await branding.remove_logo(deps.pool, merchant, actor_of(request, deps, principal))
        merchant = msgspec.structs.replace(merchant, logo=None)
        return json_response(encode(merchant_object(merchant, deps.modes[merchant.livemode])))

    return Router(
        "/v1/merchants",
        route_handlers=[set_logo, delete_logo, retrieve_merchant, update_merchant, retrieve_merchant_stats],
    )
