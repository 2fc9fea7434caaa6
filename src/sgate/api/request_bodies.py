"""Request bodies: their shape, and the checks that turn them into what the use cases work with.

Shapes are msgspec structs, decoded strictly (see `decoding`). What a shape cannot say (limits, formats) is checked
here, with one error code per field.
"""

import re
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from sgate.core import errors, money
from sgate.core import intent as limits
from sgate.core.egress import ForbiddenDestination, check_url
from sgate.core.event import EventType
from sgate.core.finality import InvalidPolicy, Policy, check_policy
from sgate.core.scope import Scope
from sgate.services.api_keys import DEFAULT_OVERLAP, MAX_OVERLAP, KeyRequest
from sgate.services.branding import checked_colour, checked_origins
from sgate.services.merchants import SettingsChange
from sgate.services.payment_intents import DescriptionChange, IntentRequest
from sgate.services.webhook_endpoints import EndpointChange, EndpointRequest

_TX_ID = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_LONGEST_ID = "pi_" + "0" * 24
MAX_NAME_CHARACTERS = 255
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


def tx_id_of(text: str) -> str:
    """A transaction id as the chain spells it: `0x` + 64 lower-case hexadecimal digits. The `0x` may be missing.

    Raises:
        InvalidTxId: see there.
    """
    match = _TX_ID.fullmatch(text.strip())
    if match is None:
        raise errors.InvalidTxId(param="tx_id")
    return "0x" + match[1].lower()


def intent_request(shape: CreatePaymentIntent) -> IntentRequest:
    """A checked request for an intent. Whether its policy is strict enough is decided where the merchant's is known.

    Raises:
        ValidationFailed: or one of its kind.
    """
    _refuse_unprintable(shape.description, "description")
    if (shape.amount_sats is None) == (shape.amount_usd is None):
        raise errors.InvalidAmount("Give exactly one of amount_sats and amount_usd.", param="amount_sats")
    if shape.currency != "sbtc":
        raise errors.InvalidCurrency(param="currency")
    if not limits.MIN_EXPIRES_IN_S <= shape.expires_in <= limits.MAX_EXPIRES_IN_S:
        raise errors.InvalidExpiresIn(param="expires_in")
    if shape.description is not None and len(shape.description) > limits.MAX_DESCRIPTION_CHARACTERS:
        raise errors.DescriptionTooLong(param="description")
    return IntentRequest(
        amount_sats=_sats(shape.amount_sats),
        amount_usd=_usd(shape.amount_usd),
        expires_in_s=shape.expires_in,
        description=shape.description,
        metadata=_metadata(shape.metadata or {}),
        success_url=_return_url(shape.success_url, "success_url"),
        cancel_url=_return_url(shape.cancel_url, "cancel_url"),
        policy=_policy(shape.confirmation_policy),
    )


def description_change(shape: UpdatePaymentIntent) -> DescriptionChange:
    """A checked change of what a merchant says about an intent.

    Raises:
        ValidationFailed: or one of its kind.
    """
    if isinstance(shape.description, str):
        _refuse_unprintable(shape.description, "description")
        if len(shape.description) > limits.MAX_DESCRIPTION_CHARACTERS:
            raise errors.DescriptionTooLong(param="description")
    if isinstance(shape.metadata, dict):
        _metadata({key: value or "" for key, value in shape.metadata.items()})
    return DescriptionChange(description=shape.description, metadata=shape.metadata)


def settings_change(shape: UpdateMerchant) -> SettingsChange:
    """A checked change of settings.

    Raises:
        ValidationFailed: or one of its kind.
    """
    if isinstance(shape.name, str):
        _check_name(shape.name)
    if isinstance(shape.support_url, str):
        _return_url(shape.support_url, "support_url")
    return SettingsChange(
        name=shape.name,
        support_url=shape.support_url,
        accent_color=checked_colour(shape.accent_color) if isinstance(shape.accent_color, str) else shape.accent_color,
        frame_origins=checked_origins(shape.frame_origins) if isinstance(shape.frame_origins, list) else msgspec.UNSET,
        pay_address=shape.pay_address,
        confirmation_policy=shape.confirmation_policy,
        tolerance_sats=shape.tolerance_sats,
        tolerance_bp=shape.tolerance_bp,
        late_payments=shape.late_payments,
    )


def key_request(shape: CreateApiKey) -> KeyRequest:
    """A checked request for an API key.

    Raises:
        ValidationFailed: if the name or the scopes cannot be used.
    """
    _check_name(shape.name)
    if not shape.scopes:
        raise errors.ValidationFailed(f"scopes has at least one of {', '.join(Scope)}.", param="scopes")
    return KeyRequest(name=shape.name, scopes=tuple(dict.fromkeys(map(str, shape.scopes))))


def endpoint_request(shape: CreateWebhookEndpoint, *, livemode: bool, allow_private: bool) -> EndpointRequest:
    """A checked request for an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent there.
    """
    return EndpointRequest(
        url=_webhook_url(shape.url, livemode=livemode, allow_private=allow_private),
        description=_endpoint_description(shape.description),
        event_types=tuple(dict.fromkeys(shape.event_types)),
    )


def endpoint_change(shape: UpdateWebhookEndpoint, *, livemode: bool, allow_private: bool) -> EndpointChange:
    """A checked change of an endpoint.

    Raises:
        InvalidUrl: if webhooks must not be sent there.
    """
    url, description, event_types = shape.url, shape.description, shape.event_types
    return EndpointChange(
        url=_webhook_url(url, livemode=livemode, allow_private=allow_private) if isinstance(url, str) else url,
        description=_endpoint_description(description) if isinstance(description, str) else description,
        event_types=tuple(dict.fromkeys(event_types)) if isinstance(event_types, list) else event_types,
        enabled=shape.enabled,
    )


def _webhook_url(url: str, *, livemode: bool, allow_private: bool) -> str:
    try:
        check_url(url, allow_private=allow_private, https_only=livemode)
    except ForbiddenDestination as error:
        raise errors.InvalidUrl(f"url: {error}.", param="url") from None
    return url


def _endpoint_description(description: str | None) -> str | None:
    _refuse_unprintable(description, "description")
    if description is not None and len(description) > MAX_NAME_CHARACTERS:
        raise errors.DescriptionTooLong(
            f"description has at most {MAX_NAME_CHARACTERS} characters.", param="description"
        )
    return description


def _check_name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS:
        raise errors.ValidationFailed(f"name has 1 to {MAX_NAME_CHARACTERS} characters.", param="name")
    _refuse_unprintable(name, "name")


def _sats(value: object) -> int | None:
    if value is None:
        return None
    try:
        return money.parse_sats(value)
    except money.InvalidAmount as error:
        raise errors.InvalidAmount(f"{error}.", param="amount_sats") from None


def _usd(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        money.parse_usd(value)
    except money.InvalidAmount as error:
        raise errors.InvalidAmount(f"{error}.", param="amount_usd") from None
    return value


def _metadata(metadata: dict[str, str]) -> dict[str, str]:
    if len(metadata) > limits.MAX_METADATA_KEYS:
        raise errors.MetadataTooLarge(param="metadata")
    for key, value in metadata.items():
        _refuse_unprintable(key, "metadata")
        _refuse_unprintable(value, f"metadata.{key}")
        if len(key) > limits.MAX_METADATA_KEY_CHARACTERS or len(value.encode()) > limits.MAX_METADATA_VALUE_BYTES:
            raise errors.MetadataTooLarge(param=f"metadata.{key[: limits.MAX_METADATA_KEY_CHARACTERS]}")
    if len(msgspec.json.encode(metadata)) > limits.MAX_METADATA_JSON_BYTES:
        raise errors.MetadataTooLarge(
            f"metadata has at most {limits.MAX_METADATA_JSON_BYTES} bytes as JSON, escaped characters included.",
            param="metadata",
        )
    return metadata


def _return_url(url: str | None, param: str) -> str | None:
    if url is None:
        return None
    problem = errors.InvalidUrl(
        f"{param} must be absolute, start with http:// or https://, "
        f"and have at most {limits.MAX_URL_CHARACTERS} characters.",
        param=param,
    )
    if len(url.replace("{id}", _LONGEST_ID)) > limits.MAX_URL_CHARACTERS or any(
        character <= " " or character in '"<>\\^`|\x7f' for character in url
    ):
        raise problem
    try:
        parts = urlsplit(url)
    except ValueError:
        raise problem from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise problem
    return url


def _policy(policy: Policy | None) -> Policy | None:
    if policy is None:
        return None
    try:
        check_policy(policy)
    except InvalidPolicy as error:
        raise errors.InvalidConfirmationPolicy(f"confirmation_policy: {error}.", param="confirmation_policy") from None
    return policy


def _refuse_unprintable(text: str | None, param: str) -> None:
    """NUL bytes cannot be stored, lone surrogates cannot be sent."""
    if text is None:
        return
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise errors.ValidationFailed(f"{param} must not contain NUL or unpaired surrogate characters.", param=param)
