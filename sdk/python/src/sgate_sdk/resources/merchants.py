"""The merchant, its API keys and its audit log."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from msgspec import UNSET, UnsetType

from sgate_sdk._calls import D, Resource, call, listing
from sgate_sdk._requests import (
    ListAnswer,
    Request,
    change,
    delete,
    get,
    list_reader,
    path_id,
    post,
    reader_of,
    unless_none,
)
from sgate_sdk.models import ApiKey, AuditLogEntry, Merchant, MerchantStats
from sgate_sdk.resources.payment_intents import Policy

ME = "/v1/merchants/me"
KEYS = "/v1/api_keys"
READ_MERCHANT = reader_of(Merchant)
READ_STATS = reader_of(MerchantStats)
READ_KEY = reader_of(ApiKey)
READ_KEYS = list_reader(reader_of(ApiKey))
READ_LOG = list_reader(reader_of(AuditLogEntry))


class Merchants(Resource[D]):
    """Your profile, the settings of the key's mode, and your daily statistics."""

    @call("retrieveMerchant")
    def me(self) -> Request[Merchant]:
        """Retrieve the merchant that the key belongs to."""
        return get(ME, READ_MERCHANT)

    @call("updateMerchant")
    def update(
        self,
        *,
        name: str | UnsetType = UNSET,
        support_url: str | UnsetType | None = UNSET,
        accent_color: str | UnsetType | None = UNSET,
        frame_origins: Sequence[str] | UnsetType = UNSET,
        pay_address: str | UnsetType | None = UNSET,
        confirmation_policy: Policy | UnsetType | None = UNSET,
        tolerance_sats: int | UnsetType = UNSET,
        tolerance_bp: int | UnsetType = UNSET,
        late_payments: str | UnsetType = UNSET,
    ) -> Request[Merchant]:
        """Update the profile and the mode's settings. Omitted fields stay unchanged. None restores the default.

        Args:
            name, support_url: the name and the support page that are shown to customers.
            accent_color: the color of buttons and links on your checkout pages, such as `#0c5a54`.
            frame_origins: the sites that may embed the checkout page, such as `https://shop.example`.
            pay_address: the Stacks address or contract that receives payments, on the mode's network.
            confirmation_policy: the conditions under which a payment is final, by amount.
            tolerance_sats, tolerance_bp: the accepted underpayment in sats and in basis points. The larger one applies.
            late_payments: one of `LatePolicy`.
        """
        body = {
            "name": name,
            "support_url": support_url,
            "accent_color": accent_color,
            "frame_origins": frame_origins,
            "pay_address": pay_address,
            "confirmation_policy": confirmation_policy,
            "tolerance_sats": tolerance_sats,
            "tolerance_bp": tolerance_bp,
            "late_payments": late_payments,
        }
        return change("PATCH", ME, READ_MERCHANT, body)

    @call("retrieveMerchantStats")
    def stats(
        self, *, from_date: dt.date | str | None = None, to_date: dt.date | str | None = None
    ) -> Request[MerchantStats]:
        """Retrieve statistics for a period and for each of its days. By default, the period is the last 30 days."""
        return get(f"{ME}/stats", READ_STATS, from_date=from_date, to_date=to_date)

    @call("setLogo")
    def set_logo(self, content: bytes, *, content_type: str) -> Request[Merchant]:
        """Set the logo on your checkout pages: a PNG, JPEG or WebP image of at most 64 KiB."""
        request = change("PUT", f"{ME}/logo", READ_MERCHANT, {})
        return replace(request, content=content, content_type=content_type)

    @call("deleteLogo")
    def delete_logo(self) -> Request[Merchant]:
        """Remove the logo."""
        return delete(f"{ME}/logo", READ_MERCHANT)


class ApiKeys(Resource[D]):
    """API keys. A key is shown only once, when it is created."""

    @call("createApiKey")
    def create(
        self, *, name: str, scopes: Sequence[str] | None = None, idempotency_key: str | None = None
    ) -> Request[ApiKey]:
        """Create a key in the mode of your key. `scopes` are members of `Scope`; by default read and write."""
        return post(KEYS, READ_KEY, {"name": name, "scopes": unless_none(scopes)}, idempotency_key)

    @listing("listApiKeys")
    def list(
        self, *, starting_after: str | None = None, ending_before: str | None = None, limit: int | None = None
    ) -> Request[ListAnswer[ApiKey]]:
        """List the active keys, newest first. Without `limit`, all of them are on one page."""
        return get(KEYS, READ_KEYS, starting_after=starting_after, ending_before=ending_before, limit=limit)

    @call("retrieveApiKey")
    def retrieve(self, key_id: str) -> Request[ApiKey]:
        """Retrieve a key, without its secret."""
        return get(f"{KEYS}/{path_id(key_id)}", READ_KEY)

    @call("rollApiKey")
    def roll(self, key_id: str, *, overlap_s: int | None = None, idempotency_key: str | None = None) -> Request[ApiKey]:
        """Replace a key. The old key continues to work for `overlap_s` seconds, or for a day by default."""
        return post(f"{KEYS}/{path_id(key_id)}/roll", READ_KEY, {"overlap_s": unless_none(overlap_s)}, idempotency_key)

    @call("revokeApiKey")
    def revoke(self, key_id: str) -> Request[ApiKey]:
        """Revoke a key at once."""
        return delete(f"{KEYS}/{path_id(key_id)}", READ_KEY)


class AuditLog(Resource[D]):
    """The record of changes to keys, settings, addresses and endpoints."""

    @listing("listAuditLog")
    def list(
        self,
        *,
        action: str | None = None,
        object_id: str | None = None,
        starting_after: str | None = None,
        limit: int | None = None,
    ) -> Request[ListAnswer[AuditLogEntry]]:
        """List the entries, newest first."""
        return get(
            "/v1/audit_log", READ_LOG, action=action, object_id=object_id, starting_after=starting_after, limit=limit
        )
