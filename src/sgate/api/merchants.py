"""The calls under /v1/merchants/me."""

import msgspec
from litestar import Response, Router, delete, get, patch, put

from sgate.api import schemas
from sgate.api.auth import Scope
from sgate.api.decoding import decode
from sgate.api.listing import days_of, refuse_unknown_parameters
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import AnyRequest, actor_of, json_body, json_response, principal_of
from sgate.api.services import Services
from sgate.core.finality import Policy
from sgate.core.mode import Mode
from sgate.objects.payment_intent import encode, iso_ms
from sgate.services import branding, merchants, stats
from sgate.store.merchants import Merchant


class MerchantObject(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant of a key, with the settings of the key's mode.

    `effective_pay_address` is where payments go: the merchant's own address, else the deployment's gateway address.
    `effective_confirmation_policy` likewise. Name, links, logo, colour and frames are the same in both modes.
    """

    id: str
    object: str = "merchant"
    livemode: bool
    name: str
    support_url: str | None
    logo_url: str | None
    accent_color: str | None
    frame_origins: tuple[str, ...]
    network: str
    pay_address: str | None
    effective_pay_address: str | None
    confirmation_policy: Policy | None
    effective_confirmation_policy: Policy
    tolerance_sats: int
    tolerance_bp: int
    late_payments: str
    created_at: str


def routes(services: Services) -> Router:
    """The calls about the merchant."""

    @get("/me")
    async def retrieve_merchant(request: AnyRequest) -> Response[bytes]:
        """The merchant of this key."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        fresh = await services.authenticator.refresh(principal)
        return json_response(encode(_merchant_object(fresh.merchant, services.modes[fresh.merchant.livemode])))

    @patch("/me")
    async def update_merchant(request: AnyRequest) -> Response[bytes]:
        """Change the profile and the settings of this key's mode."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        change = schemas.settings_change(decode(await json_body(request), schemas.UpdateMerchant))
        mode = services.modes[principal.merchant.livemode]
        merchant = await merchants.update_settings(
            services.pool, principal.merchant, change, mode, actor_of(request, services, principal)
        )
        await services.authenticator.refresh(principal)
        return json_response(encode(_merchant_object(merchant, mode)))

    @get("/me/stats")
    async def retrieve_merchant_stats(request: AnyRequest) -> Response[bytes]:
        """The merchant's numbers, day by day."""
        principal = await principal_of(request, services, Scope.READ, LimitClass.OTHER)
        refuse_unknown_parameters(request, "from_date", "to_date")
        first, last = days_of(request, services.environment.now(), stats.DEFAULT_DAYS, longest=stats.MAX_DAYS)
        return json_response(encode(await stats.stats_of(services.reads, principal.merchant, first, last)))

    @put("/me/logo")
    async def set_logo(request: AnyRequest) -> Response[bytes]:
        """Show a logo on the pages; the body is the picture."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        merchant, actor = principal.merchant, actor_of(request, services, principal)
        logo = await branding.set_logo(services.pool, merchant, await request.body(), actor)
        merchant = msgspec.structs.replace(merchant, logo=logo)
        return json_response(encode(_merchant_object(merchant, services.modes[merchant.livemode])))

    @delete("/me/logo", status_code=200)
    async def delete_logo(request: AnyRequest) -> Response[bytes]:
        """Show no logo any more."""
        principal = await principal_of(request, services, Scope.ADMIN, LimitClass.OTHER)
        merchant = principal.merchant
        await branding.remove_logo(services.pool, merchant, actor_of(request, services, principal))
        merchant = msgspec.structs.replace(merchant, logo=None)
        return json_response(encode(_merchant_object(merchant, services.modes[merchant.livemode])))

    return Router(
        "/v1/merchants",
        route_handlers=[set_logo, delete_logo, retrieve_merchant, update_merchant, retrieve_merchant_stats],
    )


def _merchant_object(merchant: Merchant, mode: Mode) -> MerchantObject:
    return MerchantObject(
        id=merchant.id,
        livemode=merchant.livemode,
        name=merchant.name,
        support_url=merchant.support_url,
        logo_url=None if merchant.logo is None else f"{mode.public_url}/logos/{merchant.logo}",
        accent_color=merchant.accent_color,
        frame_origins=merchant.frame_origins,
        network=mode.network,
        pay_address=merchant.pay_address,
        effective_pay_address=merchant.pay_address or mode.gateway_address,
        confirmation_policy=merchant.policy,
        effective_confirmation_policy=merchant.policy or mode.policy,
        tolerance_sats=merchant.tolerance_sats,
        tolerance_bp=merchant.tolerance_bp,
        late_payments=merchant.late_payments,
        created_at=iso_ms(merchant.created_at),
    )
