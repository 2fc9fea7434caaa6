"""Calls under /v1/merchants/me."""

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler

from sgate.api import query, request_bodies
from sgate.api.calls import VALIDATION, Call
from sgate.api.decoding import decode
from sgate.api.dependencies import Dependencies
from sgate.api.query import days_of, refuse_unknown_parameters
from sgate.api.requests import AnyRequest, actor_of, json_body, json_response, principal_of
from sgate.core import errors
from sgate.core.scope import Scope
from sgate.objects.encoding import encode
from sgate.objects.merchant import MerchantObject, merchant_object
from sgate.objects.stats import StatsObject
from sgate.services import branding, merchants, stats

RETRIEVE_MERCHANT = Call(
    method="get",
    path="/v1/merchants/me",
    name="retrieveMerchant",
    summary="Retrieve the merchant",
    tag="Merchant",
    description="Retrieves the merchant that the API key belongs to, with the settings of the key's mode.",
    answer=MerchantObject,
    scope=Scope.READ,
)
UPDATE_MERCHANT = Call(
    method="patch",
    path="/v1/merchants/me",
    name="updateMerchant",
    summary="Update the merchant",
    tag="Merchant",
    description=("Updates the merchant's profile and the settings of the key's mode. Omitted fields stay unchanged."),
    body=request_bodies.UpdateMerchant,
    answer=MerchantObject,
    scope=Scope.ADMIN,
    failures=(
        *VALIDATION,
        errors.InvalidUrl,
        errors.InvalidPayAddress,
        errors.InvalidConfirmationPolicy,
        errors.PayAddressTaken,
    ),
)
RETRIEVE_MERCHANT_STATS = Call(
    method="get",
    path="/v1/merchants/me/stats",
    name="retrieveMerchantStats",
    summary="Retrieve daily statistics",
    tag="Merchant",
    description="Returns the merchant's statistics day by day, in UTC.",
    answer=StatsObject,
    scope=Scope.READ,
    query=query.DAYS,
    failures=(errors.ValidationFailed,),
)
SET_LOGO = Call(
    method="put",
    path="/v1/merchants/me/logo",
    name="setLogo",
    summary="Set the logo",
    tag="Merchant",
    description=(
        "Sets the logo shown on the merchant's pages. The request body is the image: PNG, JPEG or WebP, at most 64 KiB "
        "and 2048 x 2048 pixels, not animated. It is scaled down to at most 256 x 256 pixels and stored without "
        "metadata."
    ),
    answer=MerchantObject,
    scope=Scope.ADMIN,
    upload=("image/png", "image/jpeg", "image/webp"),
    failures=(errors.InvalidLogo, errors.PayloadTooLarge),
)
DELETE_LOGO = Call(
    method="delete",
    path="/v1/merchants/me/logo",
    name="deleteLogo",
    summary="Remove the logo",
    tag="Merchant",
    description="Removes the logo from the merchant's pages.",
    answer=MerchantObject,
    scope=Scope.ADMIN,
)
CALLS = (RETRIEVE_MERCHANT, UPDATE_MERCHANT, RETRIEVE_MERCHANT_STATS, SET_LOGO, DELETE_LOGO)


def routes(deps: Dependencies) -> list[HTTPRouteHandler]:
    """Return the routes of the merchant calls."""

    @RETRIEVE_MERCHANT.route
    async def retrieve_merchant(request: AnyRequest) -> Response[bytes]:
        """Retrieve the merchant of the API key."""
        principal = await principal_of(request, deps, RETRIEVE_MERCHANT)
        fresh = await deps.authenticator.refresh(principal)
        return json_response(encode(merchant_object(fresh.merchant, deps.modes[fresh.merchant.livemode])))

    @UPDATE_MERCHANT.route
    async def update_merchant(request: AnyRequest) -> Response[bytes]:
        """Update the merchant's profile and the settings of the key's mode."""
        principal = await principal_of(request, deps, UPDATE_MERCHANT)
        change = request_bodies.given(decode(await json_body(request), request_bodies.UpdateMerchant))
        mode = deps.modes[principal.merchant.livemode]
        merchant = await merchants.update_settings(
            deps.pool, principal.merchant, change, mode, actor_of(request, deps, principal)
        )
        await deps.authenticator.refresh(principal)
        return json_response(encode(merchant_object(merchant, mode)))

    @RETRIEVE_MERCHANT_STATS.route
    async def retrieve_merchant_stats(request: AnyRequest) -> Response[bytes]:
        """Return the merchant's daily statistics."""
        principal = await principal_of(request, deps, RETRIEVE_MERCHANT_STATS)
        refuse_unknown_parameters(request, *RETRIEVE_MERCHANT_STATS.parameters)
        first, last = days_of(request, deps.environment.now(), stats.DEFAULT_DAYS, longest=stats.MAX_DAYS)
        return json_response(encode(await stats.stats_of(deps.reads, principal.merchant, first, last)))

    @SET_LOGO.route
    async def set_logo(request: AnyRequest) -> Response[bytes]:
        """Set the logo to the image in the request body."""
        principal = await principal_of(request, deps, SET_LOGO)
        merchant, actor = principal.merchant, actor_of(request, deps, principal)
        logo = await branding.set_logo(deps.pool, merchant, await request.body(), actor)
        merchant = msgspec.structs.replace(merchant, logo=logo)
        return json_response(encode(merchant_object(merchant, deps.modes[merchant.livemode])))

    @DELETE_LOGO.route
    async def delete_logo(request: AnyRequest) -> Response[bytes]:
        """Remove the logo."""
        principal = await principal_of(request, deps, DELETE_LOGO)
        merchant = principal.merchant
        await branding.remove_logo(deps.pool, merchant, actor_of(request, deps, principal))
        merchant = msgspec.structs.replace(merchant, logo=None)
        return json_response(encode(merchant_object(merchant, deps.modes[merchant.livemode])))

    return [set_logo, delete_logo, retrieve_merchant, update_merchant, retrieve_merchant_stats]
