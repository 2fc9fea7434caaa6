"""Validation of values from merchants and customers. The message of each error says which values are allowed.

These functions check limits and formats that types cannot express. They apply wherever a value comes from.
"""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from sgate.core import errors, money, text
from sgate.core import intent as limits
from sgate.core.egress import Egress, ForbiddenDestination
from sgate.core.finality import InvalidPolicy, Policy, check_policy

MAX_NAME_CHARACTERS = 255
MAX_REASON_CHARACTERS = 500
MAX_FRAME_ORIGINS = 10
MAX_ORIGIN_CHARACTERS = 255

_TX_ID = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_LONGEST_ID = "pi_" + "0" * 24
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def webhook_url(url: str, egress: Egress, *, livemode: bool) -> str:
    try:
        text.check_line(url)
        egress.check_url(url, https_only=livemode)
    except (text.UnsafeText, ForbiddenDestination) as error:
        raise errors.InvalidUrl(f"url: {error}.", param="url") from None
    return url


def endpoint_description(description: str | None) -> str | None:
    lines(description, "description")
    if description is not None and len(description) > MAX_NAME_CHARACTERS:
        raise errors.DescriptionTooLong(
            f"description must have at most {MAX_NAME_CHARACTERS} characters.", param="description"
        )
    return description


def name(name: str) -> None:
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS:
        raise errors.ValidationFailed(f"name must have 1 to {MAX_NAME_CHARACTERS} characters.", param="name")
    try:
        text.check_line(name)
    except text.UnsafeText as error:
        raise errors.ValidationFailed(f"name {error}.", param="name") from None


def intent_description(description: str | None) -> None:
    lines(description, "description")
    if description is not None and len(description) > limits.MAX_DESCRIPTION_CHARACTERS:
        raise errors.DescriptionTooLong(param="description")


def lines(value: str | None, param: str) -> None:
    """Refuse text that is not safe to show to people. It may have several lines."""
    if value is None:
        return
    try:
        text.check_lines(value)
    except text.UnsafeText as error:
        raise errors.ValidationFailed(f"{param} {error}.", param=param) from None


def cancellation_reason(reason: str | None) -> str | None:
    lines(reason, "reason")
    if reason is not None and not 1 <= len(reason.strip()) <= len(reason) <= MAX_REASON_CHARACTERS:
        raise errors.ValidationFailed(f"reason must have 1 to {MAX_REASON_CHARACTERS} characters.", param="reason")
    return reason


def amount_sats(value: object) -> int | None:
    if value is None:
        return None
    try:
        return money.parse_sats(value)
    except money.InvalidAmount as error:
        raise errors.InvalidAmount(f"{error}.", param="amount_sats") from None


def amount_usd(value: str | None) -> str | None:
    if value is None:
        return None
    try:
        money.parse_usd(value)
    except money.InvalidAmount as error:
        raise errors.InvalidAmount(f"{error}.", param="amount_usd") from None
    return value


def metadata(metadata: dict[str, str]) -> dict[str, str]:
    if len(metadata) > limits.MAX_METADATA_KEYS:
        raise errors.MetadataTooLarge(param="metadata")
    for key, value in metadata.items():
        _refuse_unstorable(key, "metadata")
        _refuse_unstorable(value, f"metadata.{key}")
        if len(key) > limits.MAX_METADATA_KEY_CHARACTERS or len(value.encode()) > limits.MAX_METADATA_VALUE_BYTES:
            raise errors.MetadataTooLarge(param=f"metadata.{key[: limits.MAX_METADATA_KEY_CHARACTERS]}")
    if len(msgspec.json.encode(metadata)) > limits.MAX_METADATA_JSON_BYTES:
        raise errors.MetadataTooLarge(
            f"metadata must have at most {limits.MAX_METADATA_JSON_BYTES} bytes as JSON, including escapes.",
            param="metadata",
        )
    return metadata


def return_url(url: str | None, param: str) -> str | None:
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
    try:
        text.check_line(url)
    except text.UnsafeText as error:
        raise errors.InvalidUrl(f"{param} {error}.", param=param) from None
    return url


def confirmation_policy(policy: Policy | None) -> Policy | None:
    if policy is None:
        return None
    try:
        check_policy(policy)
    except InvalidPolicy as error:
        raise errors.InvalidConfirmationPolicy(f"confirmation_policy: {error}.", param="confirmation_policy") from None
    return policy


def _refuse_unstorable(value: str, param: str) -> None:
    """Refuse NUL characters, which PostgreSQL cannot store, and unpaired surrogates, which UTF-8 cannot encode."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise errors.ValidationFailed(f"{param} must not contain NUL or unpaired surrogate characters.", param=param)


def accent_color(color: str) -> str:
    """Return the color in lower case, in the form `#rrggbb`.

    Raises:
        ValidationFailed: if `color` is not a color of this form.
    """
    if _COLOR.fullmatch(color) is None:
        raise errors.ValidationFailed("accent_color must be a color such as #0c5a54.", param="accent_color")
    return color.lower()


def frame_origins(origins: Sequence[str]) -> tuple[str, ...]:
    """Return the origins in the form in which browsers compare them, without duplicates.

    Raises:
        ValidationFailed: if there are too many origins, or if one is invalid. Plain http is allowed only for localhost.
    """
    if len(origins) > MAX_FRAME_ORIGINS:
        raise errors.ValidationFailed(
            f"frame_origins must have at most {MAX_FRAME_ORIGINS} entries.", param="frame_origins"
        )
    return tuple(dict.fromkeys(_checked_origin(origin) for origin in origins))


def _checked_origin(given: str) -> str:
    origin = given.strip().lower().removesuffix("/")
    scheme, _, host = origin.partition("://")
    allowed = scheme == "https" or (scheme == "http" and host.partition(":")[0] in {"localhost", "127.0.0.1"})
    if not allowed or len(origin) > MAX_ORIGIN_CHARACTERS or _HOST.fullmatch(host) is None or not _has_port(origin):
        raise errors.ValidationFailed(
            "frame_origins must contain origins such as https://shop.example, without a path.", param="frame_origins"
        )
    return origin


def _has_port(origin: str) -> bool:
    """Return whether the port of an origin is valid or absent."""
    try:
        return urlsplit(origin).port != 0
    except ValueError:
        return False


def tx_id(given: str) -> str:
    """Return a transaction id in canonical form: `0x` + 64 lower-case hex digits. `given` may omit the `0x`.

    Raises:
        InvalidTxId: if `given` is not 64 hex digits.
    """
    match = _TX_ID.fullmatch(given.strip())
    if match is None:
        raise errors.InvalidTxId(param="tx_id")
    return "0x" + match[1].lower()
