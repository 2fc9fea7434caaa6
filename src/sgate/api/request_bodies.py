"""Request bodies, and their conversion to the requests of the use cases.

Bodies are msgspec structs, which are decoded strictly (see `decoding`). `services.validation` checks the limits and
formats that a struct cannot express, with one error code per field.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from sgate.core import errors, money
from sgate.core import intent as limits
from sgate.core.egress import Egress
from sgate.core.event import EventType
from sgate.core.finality import Policy
from sgate.core.scope import Scope
from sgate.objects.fields import ClientSecret, IntentId, TransactionId, doc
from sgate.services import validation
from sgate.services.api_keys import DEFAULT_OVERLAP, MAX_OVERLAP, KeyRequest
from sgate.services.payment_intents import DescriptionChange, IntentRequest
from sgate.services.webhook_endpoints import EndpointChange, EndpointRequest


class CreatePaymentIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A payment intent to create. Give exactly one of `amount_sats` and `amount_usd`."""

    amount_sats: Annotated[
        Any,
        doc(
            "Amount due, in sats: an integer, or a string of digits, from 1 to 2100000000000000.",
            100_000,
            type=["integer", "string"],
        ),
    ] = None
    amount_usd: Annotated[
        str | None,
        doc("Amount due, in US dollars: a decimal string. It is converted at the current exchange rate.", "19.99"),
    ] = None
    currency: Annotated[str, doc("Currency of the payment. Only `sbtc` is supported.", "sbtc", enum=["sbtc"])] = "sbtc"
    description: Annotated[
        str | None, doc("Description of what is paid for, shown to the customer; at most 500 characters.", "Order 17")
    ] = None
    metadata: Annotated[
        dict[str, str] | None,
        doc(
            "Key-value pairs to attach, never shown to customers: up to 20 keys of up to 40 characters, with values of "
            "up to 500 bytes.",
            {"order_id": "17"},
        ),
    ] = None
    success_url: Annotated[
        str | None,
        doc(
            "URL that the customer can go to after paying. `{id}` is replaced with the id of the payment intent.",
            "https://shop.example/thanks?payment={id}",
            format="uri-template",
        ),
    ] = None
    cancel_url: Annotated[
        str | None,
        doc(
            "URL that the customer can go to instead of paying. `{id}` is replaced with the id of the payment intent.",
            "https://shop.example/cart",
            format="uri-template",
        ),
    ] = None
    expires_in: Annotated[int, doc("Seconds until the deadline, from 60 to 86400.", 900)] = limits.DEFAULT_EXPIRES_IN_S
    confirmation_policy: Annotated[
        Policy | None,
        doc("When a payment counts as final: tiers by amount, at least as strict as the merchant's own policy."),
    ] = None


class UpdatePaymentIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The changes to a payment intent. Omitted fields stay unchanged."""

    description: Annotated[
        str | msgspec.UnsetType | None,
        doc("Description of what is paid for, shown to the customer; at most 500 characters.", "Order 17, two boxes"),
    ] = msgspec.UNSET
    metadata: Annotated[
        dict[str, str | None] | msgspec.UnsetType | None,
        doc("Keys to set. A null value removes its key; null instead of the object removes all.", {"order_id": "17"}),
    ] = msgspec.UNSET


class UpdateMerchant(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The changes to the merchant's profile and the mode's settings. Omitted fields stay unchanged."""

    name: Annotated[str | msgspec.UnsetType, doc("Name shown to customers.", "Corner Coffee")] = msgspec.UNSET
    support_url: Annotated[
        str | msgspec.UnsetType | None,
        doc("URL of the page where customers get help.", "https://shop.example/help", format="uri"),
    ] = msgspec.UNSET
    accent_color: Annotated[
        str | msgspec.UnsetType | None,
        doc("Color of buttons and links on the merchant's pages; null for the default.", "#0c5a54"),
    ] = msgspec.UNSET
    frame_origins: Annotated[
        list[str] | msgspec.UnsetType,
        doc("Origins that may embed the checkout page in a frame.", ["https://shop.example"]),
    ] = msgspec.UNSET
    pay_address: Annotated[
        str | msgspec.UnsetType | None,
        doc(
            "Stacks address or contract that receives payments, on the network of the mode; null to use the "
            "deployment's.",
            "ST2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKQYAC0RQ",
        ),
    ] = msgspec.UNSET
    confirmation_policy: Annotated[
        Policy | msgspec.UnsetType | None,
        doc("When a payment counts as final: tiers by amount; null to use the deployment's policy."),
    ] = msgspec.UNSET
    tolerance_sats: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=money.MAX_AMOUNT_SATS)] | msgspec.UnsetType,
        doc(
            "How much a payment may fall short and still count as paid, in sats. At most a tenth of the amount "
            "applies.",
            100,
        ),
    ] = msgspec.UNSET
    tolerance_bp: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=limits.MAX_TOLERANCE_BP)] | msgspec.UnsetType,
        doc("The tolerance in basis points (1/100 percent) of the amount. The larger of both tolerances applies.", 50),
    ] = msgspec.UNSET
    late_payments: Annotated[
        limits.LatePolicy | msgspec.UnsetType,
        doc(
            "What happens to a payment that arrives after the deadline. `hold`: it waits for your decision. `accept`: "
            "it counts as if it had arrived in time.",
            "hold",
        ),
    ] = msgspec.UNSET


class CreateWebhookEndpoint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A webhook endpoint to create."""

    url: Annotated[str, doc("URL to send events to.", "https://shop.example/webhooks", format="uri")]
    description: Annotated[str | None, doc("Description of the endpoint, for yourself.", "web shop")] = None
    event_types: Annotated[
        list[EventType],
        doc("Types of the events to send; an empty list means all.", ["payment_intent.succeeded"]),
    ] = []


class GiveHint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A hint that the wallet has sent a transaction. It is verified on the chain, never trusted."""

    tx_id: Annotated[TransactionId, doc("Id of the transaction that the wallet sent: `0x` and 64 hexadecimal digits.")]
    client_secret: Annotated[ClientSecret, doc("Client secret of the payment intent, as in its checkout URL.")]


class CancelPaymentIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How to cancel a payment intent. The body may be omitted."""

    force: Annotated[
        bool,
        doc(
            "Whether to cancel the payment intent even if a payment for it is on the chain, as long as the intent is "
            "not confirmed. The payment is then held until you accept it or send it back.",
            False,
        ),
    ] = False
    reason: Annotated[
        str | None,
        doc("The reason for canceling, for your records; 1 to 500 characters.", "the item is sold out"),
    ] = None


class AssignPayment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The payment intent that an unmatched deposit is for."""

    payment_intent: Annotated[IntentId, doc("Id of a payment intent with the same pay address.")]


class MarkRefunded(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The transaction that refunded a payment."""

    tx_id: Annotated[TransactionId, doc("Id of the transaction that refunded the payment.")]


class CreateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """An API key to create, in the mode of the key that makes the call."""

    name: Annotated[str, doc("Human-readable name of the key; 1 to 255 characters.", "web shop")]
    scopes: Annotated[
        tuple[Scope, ...],
        doc(
            "What the key may do: `read`, `write`, and `admin` for API keys and settings. No scope implies another.",
            ["read", "write"],
        ),
    ] = (Scope.READ, Scope.WRITE)


class RollApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The terms of replacing an API key."""

    overlap_s: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=int(MAX_OVERLAP.total_seconds()))],
        doc("Seconds for which the old key continues to work, from 0 to 604800.", 3600),
    ] = int(DEFAULT_OVERLAP.total_seconds())


class UpdateWebhookEndpoint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The changes to a webhook endpoint. Omitted fields stay unchanged."""

    url: Annotated[
        str | msgspec.UnsetType, doc("URL to send events to.", "https://shop.example/webhooks/sgate", format="uri")
    ] = msgspec.UNSET
    description: Annotated[
        str | msgspec.UnsetType | None, doc("Description of the endpoint, for yourself.", "web shop")
    ] = msgspec.UNSET
    event_types: Annotated[
        list[EventType] | msgspec.UnsetType,
        doc("Types of the events to send; an empty list means all.", ["payment_intent.succeeded"]),
    ] = msgspec.UNSET
    enabled: Annotated[
        bool | msgspec.UnsetType, doc("`false` holds deliveries until the endpoint is enabled again.", False)
    ] = msgspec.UNSET


class RecoverWebhooks(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The events to send again: those of a period that the endpoint has not received, or all of them."""

    since: Annotated[
        datetime,
        msgspec.Meta(tz=True),
        doc("Start of the period, inclusive; at most 30 days before `until`.", "2026-11-23T00:00:00Z"),
    ]
    until: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None,
        doc("End of the period, exclusive; now by default.", "2026-11-24T00:00:00Z"),
    ] = None
    include_delivered: Annotated[bool, doc("Whether to send events that the endpoint has already received.", False)] = (
        False
    )


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body without fields."""


def intent_request(shape: CreatePaymentIntent) -> IntentRequest:
    """Return a validated request for an intent. Its policy has not been compared with the merchant's policy yet.

    Raises:
        ValidationFailed: if a field is not valid. Some fields raise their own subclass.
    """
    validation.intent_description(shape.description)
    if (shape.amount_sats is None) == (shape.amount_usd is None):
        raise errors.InvalidAmount("Give exactly one of amount_sats and amount_usd.", param="amount_sats")
    if shape.currency != "sbtc":
        raise errors.InvalidCurrency(param="currency")
    if not limits.MIN_EXPIRES_IN_S <= shape.expires_in <= limits.MAX_EXPIRES_IN_S:
        raise errors.InvalidExpiresIn(param="expires_in")
    return IntentRequest(
        amount_sats=validation.amount_sats(shape.amount_sats),
        amount_usd=validation.amount_usd(shape.amount_usd),
        expires_in_s=shape.expires_in,
        description=shape.description,
        metadata=validation.metadata(shape.metadata or {}),
        success_url=validation.return_url(shape.success_url, "success_url"),
        cancel_url=validation.return_url(shape.cancel_url, "cancel_url"),
        policy=validation.confirmation_policy(shape.confirmation_policy),
    )


def description_change(shape: UpdatePaymentIntent) -> DescriptionChange:
    """Return validated changes to an intent's description and metadata.

    Raises:
        ValidationFailed: if a field is not valid. Some fields raise their own subclass.
    """
    if isinstance(shape.description, str):
        validation.intent_description(shape.description)
    if isinstance(shape.metadata, dict):
        validation.metadata({key: value or "" for key, value in shape.metadata.items()})
    return DescriptionChange(description=shape.description, metadata=shape.metadata)


def given(shape: msgspec.Struct) -> dict[str, object]:
    """Return the names and values of the fields that are set in a change."""
    fields = {name: getattr(shape, name) for name in shape.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def key_request(shape: CreateApiKey) -> KeyRequest:
    """Return a validated request for an API key.

    Raises:
        ValidationFailed: if the name is not valid, or if there are no scopes.
    """
    validation.name(shape.name)
    if not shape.scopes:
        raise errors.ValidationFailed(f"scopes must contain at least one of {', '.join(Scope)}.", param="scopes")
    return KeyRequest(name=shape.name, scopes=tuple(dict.fromkeys(map(str, shape.scopes))))


def endpoint_request(shape: CreateWebhookEndpoint, egress: Egress, *, livemode: bool) -> EndpointRequest:
    """Return a validated request for an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent to the URL.
    """
    return EndpointRequest(
        url=validation.webhook_url(shape.url, egress, livemode=livemode),
        description=validation.endpoint_description(shape.description),
        event_types=tuple(dict.fromkeys(shape.event_types)),
    )


def endpoint_change(shape: UpdateWebhookEndpoint, egress: Egress, *, livemode: bool) -> EndpointChange:
    """Return validated changes to an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent to the URL.
    """
    url, description, event_types = shape.url, shape.description, shape.event_types
    return EndpointChange(
        url=validation.webhook_url(url, egress, livemode=livemode) if isinstance(url, str) else url,
        description=validation.endpoint_description(description) if isinstance(description, str) else description,
        event_types=tuple(dict.fromkeys(event_types)) if isinstance(event_types, list) else event_types,
        enabled=shape.enabled,
    )
