"""Request bodies: their shapes, and what the use cases make of them.

Shapes are msgspec structs, decoded strictly (see `decoding`). What a shape cannot say (limits, formats) is checked by
`services.validation`, with one error code per field.
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
from sgate.services import validation
from sgate.services.api_keys import DEFAULT_OVERLAP, MAX_OVERLAP, KeyRequest
from sgate.services.payment_intents import DescriptionChange, IntentRequest
from sgate.services.webhook_endpoints import EndpointChange, EndpointRequest

MAX_TOLERANCE_BP = 1000
"""A tenth of the amount: more is not tolerance but another price."""


class CreatePaymentIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Ask for a payment. Give exactly one of `amount_sats` and `amount_usd`."""

    amount_sats: Annotated[
        Any,
        msgspec.Meta(
            description="What is due, in sats: an integer, or a string of digits, from 1 to 2100000000000000.",
            extra_json_schema={"type": ["integer", "string"], "examples": [100000]},
        ),
    ] = None
    amount_usd: Annotated[
        str | None,
        msgspec.Meta(description="What is due, in US dollars, as a decimal string.", examples=["19.99"]),
    ] = None
    currency: Annotated[str, msgspec.Meta(description="`sbtc`.")] = "sbtc"
    description: Annotated[str | None, msgspec.Meta(description="Shown to the payer; at most 500 characters.")] = None
    metadata: Annotated[
        dict[str, str] | None,
        msgspec.Meta(description="Up to 20 keys (40 characters) with text values (500 bytes), never shown to payers."),
    ] = None
    success_url: Annotated[
        str | None, msgspec.Meta(description="Where the payer goes when it is paid; `{id}` is replaced.")
    ] = None
    cancel_url: Annotated[str | None, msgspec.Meta(description="Where the payer goes to give up.")] = None
    expires_in: Annotated[int, msgspec.Meta(description="Seconds until the deadline, 60 to 86400.")] = (
        limits.DEFAULT_EXPIRES_IN_S
    )
    confirmation_policy: Annotated[
        Policy | None, msgspec.Meta(description="Tiers by amount; at least as strict as the merchant's policy.")
    ] = None


class UpdatePaymentIntent(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Change what you say about a payment intent. What is not given stays."""

    description: Annotated[
        str | msgspec.UnsetType | None, msgspec.Meta(description="Shown to the payer; at most 500 characters.")
    ] = msgspec.UNSET
    metadata: Annotated[
        dict[str, str | None] | msgspec.UnsetType | None,
        msgspec.Meta(
            description="Keys to set; null as a value removes a key, and null instead of the object removes all."
        ),
    ] = msgspec.UNSET


class UpdateMerchant(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Change the merchant's profile, and the settings of the key's mode. What is not given stays."""

    name: str | msgspec.UnsetType = msgspec.UNSET
    support_url: str | msgspec.UnsetType | None = msgspec.UNSET
    accent_color: Annotated[
        str | msgspec.UnsetType | None,
        msgspec.Meta(description="The colour of buttons and links on your pages, such as `#0c5a54`; null is ours."),
    ] = msgspec.UNSET
    frame_origins: Annotated[
        list[str] | msgspec.UnsetType,
        msgspec.Meta(description="Origins that may embed the checkout in a frame, such as `https://shop.example`."),
    ] = msgspec.UNSET
    pay_address: Annotated[
        str | msgspec.UnsetType | None,
        msgspec.Meta(description="Where payments go: a Stacks address or contract of the mode's network, or null."),
    ] = msgspec.UNSET
    confirmation_policy: Policy | msgspec.UnsetType | None = msgspec.UNSET
    tolerance_sats: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=money.MAX_AMOUNT_SATS)] | msgspec.UnsetType,
        msgspec.Meta(description="How many sats may be missing from an amount that still counts as paid."),
    ] = msgspec.UNSET
    tolerance_bp: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=MAX_TOLERANCE_BP)] | msgspec.UnsetType,
        msgspec.Meta(description="The same in hundredths of a percent; the larger of the two applies."),
    ] = msgspec.UNSET
    late_payments: Annotated[
        limits.LatePolicy | msgspec.UnsetType,
        msgspec.Meta(description="`hold`: keep late money for a decision. `accept`: count it as if it were in time."),
    ] = msgspec.UNSET


class CreateWebhookEndpoint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Ask to be told about events. Without `event_types`: about all."""

    url: str
    description: str | None = None
    event_types: list[EventType] = []


TxId = Annotated[str, msgspec.Meta(description="A transaction id: `0x` and 64 hexadecimal digits.")]


class GiveHint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Tell which transaction the wallet sent. It is looked up, never believed."""

    tx_id: TxId
    client_secret: Annotated[str, msgspec.Meta(description="The payment intent's, as the checkout link carries it.")]


class AssignPayment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Say which payment intent an unmatched deposit is for."""

    payment_intent: Annotated[str, msgspec.Meta(description="Id of an intent with the same pay address.")]


class MarkRefunded(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Record that a payment was sent back by hand."""

    tx_id: Annotated[TxId, msgspec.Meta(description="The transaction that sent it back.")]


class CreateApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Make an API key in the mode of the key that asks."""

    name: Annotated[str, msgspec.Meta(description="What the key is for; 1 to 255 characters.")]
    scopes: Annotated[
        tuple[Scope, ...],
        msgspec.Meta(
            description="What the key may do: `read`, `write`, `admin` (keys and settings). None implies another."
        ),
    ] = (Scope.READ, Scope.WRITE)


class RollApiKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Replace an API key."""

    overlap_s: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=int(MAX_OVERLAP.total_seconds()))],
        msgspec.Meta(description="Seconds for which the old key still works, 0 to 604800."),
    ] = int(DEFAULT_OVERLAP.total_seconds())


class UpdateWebhookEndpoint(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Change a webhook endpoint. What is not given stays."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    event_types: Annotated[
        list[EventType] | msgspec.UnsetType, msgspec.Meta(description="Which events to tell; an empty list means all.")
    ] = msgspec.UNSET
    enabled: Annotated[
        bool | msgspec.UnsetType,
        msgspec.Meta(description="`false` holds its deliveries back until it is enabled again."),
    ] = msgspec.UNSET


class RecoverWebhooks(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Send the events of some time once more: those that the endpoint has not received, or all of them."""

    since: Annotated[
        datetime, msgspec.Meta(tz=True, description="From this moment on; at most 30 days before `until`.")
    ]
    until: Annotated[
        Annotated[datetime, msgspec.Meta(tz=True)] | None,
        msgspec.Meta(description="Up to this moment; now, if it is not given."),
    ] = None
    include_delivered: Annotated[
        bool, msgspec.Meta(description="Also those that the endpoint has received already.")
    ] = False


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """A body without fields."""


def intent_request(shape: CreatePaymentIntent) -> IntentRequest:
    """A checked request for an intent. Whether its policy is strict enough is decided where the merchant's is known.

    Raises:
        ValidationFailed: or one of its kind.
    """
    validation.refuse_unprintable(shape.description, "description")
    if (shape.amount_sats is None) == (shape.amount_usd is None):
        raise errors.InvalidAmount("Give exactly one of amount_sats and amount_usd.", param="amount_sats")
    if shape.currency != "sbtc":
        raise errors.InvalidCurrency(param="currency")
    if not limits.MIN_EXPIRES_IN_S <= shape.expires_in <= limits.MAX_EXPIRES_IN_S:
        raise errors.InvalidExpiresIn(param="expires_in")
    if shape.description is not None and len(shape.description) > limits.MAX_DESCRIPTION_CHARACTERS:
        raise errors.DescriptionTooLong(param="description")
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
    """A checked change of what a merchant says about an intent.

    Raises:
        ValidationFailed: or one of its kind.
    """
    if isinstance(shape.description, str):
        validation.refuse_unprintable(shape.description, "description")
        if len(shape.description) > limits.MAX_DESCRIPTION_CHARACTERS:
            raise errors.DescriptionTooLong(param="description")
    if isinstance(shape.metadata, dict):
        validation.metadata({key: value or "" for key, value in shape.metadata.items()})
    return DescriptionChange(description=shape.description, metadata=shape.metadata)


def given(shape: msgspec.Struct) -> dict[str, object]:
    """The fields of a change that are given, by name."""
    fields = {name: getattr(shape, name) for name in shape.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}


def key_request(shape: CreateApiKey) -> KeyRequest:
    """A checked request for an API key.

    Raises:
        ValidationFailed: if the name or the scopes cannot be used.
    """
    validation.name(shape.name)
    if not shape.scopes:
        raise errors.ValidationFailed(f"scopes has at least one of {', '.join(Scope)}.", param="scopes")
    return KeyRequest(name=shape.name, scopes=tuple(dict.fromkeys(map(str, shape.scopes))))


def endpoint_request(shape: CreateWebhookEndpoint, egress: Egress, *, livemode: bool) -> EndpointRequest:
    """A checked request for an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent there.
    """
    return EndpointRequest(
        url=validation.webhook_url(shape.url, egress, livemode=livemode),
        description=validation.endpoint_description(shape.description),
        event_types=tuple(dict.fromkeys(shape.event_types)),
    )


def endpoint_change(shape: UpdateWebhookEndpoint, egress: Egress, *, livemode: bool) -> EndpointChange:
    """A checked change of an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent there.
    """
    url, description, event_types = shape.url, shape.description, shape.event_types
    return EndpointChange(
        url=validation.webhook_url(url, egress, livemode=livemode) if isinstance(url, str) else url,
        description=validation.endpoint_description(description) if isinstance(description, str) else description,
        event_types=tuple(dict.fromkeys(event_types)) if isinstance(event_types, list) else event_types,
        enabled=shape.enabled,
    )
