"""The calls under /v1/merchants/me."""

import msgspec
from litestar import Response, Router, get, patch

from sgate.api import schemas
from sgate.api.auth import Scope
from sgate.api.rate_limits import LimitClass
from sgate.api.requests import AnyRequest, actor_of, json_body, json_response, principal_of
from sgate.api.services import Services
from sgate.core.finality import Policy
from sgate.gateway import merchants
from sgate.gateway.deployment import Mode
from sgate.gateway.rendering import encode, iso_ms
from sgate.store.merchants import Merchant


class MerchantObject(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant of a key, with the settings of the key's mode.

    `effective_pay_address` is where payments go: the merchant's own address, else the deployment's gateway address.
    `effective_confirmation_policy` likewise.
    """

    id: str
    object: str = "merchant"
    livemode: bool
    name: str
    support_url: str | None
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
        change = schemas.settings_change(schemas.decode(await json_body(request), schemas.UpdateMerchant))
        mode = services.modes[principal.merchant.livemode]
        merchant = await merchants.update_settings(
            services.pool, principal.merchant, change, mode, actor_of(request, services, principal)
        )
        await services.authenticator.refresh(principal)
        return json_response(encode(_merchant_object(merchant, mode)))

    return Router("/v1/merchants", route_handlers=[retrieve_merchant, update_merchant])


def _merchant_object(merchant: Merchant, mode: Mode) -> MerchantObject:
    return MerchantObject(
        id=merchant.id,
        livemode=merchant.livemode,
        name=merchant.name,
        support_url=merchant.support_url,
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
