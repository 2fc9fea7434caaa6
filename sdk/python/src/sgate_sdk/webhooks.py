"""Webhook verification.

A webhook has two signatures: one follows the Standard Webhooks scheme, the other sGate's own scheme. If the standard
signature is present, only that one is checked. Verify the raw body, before any code parses it.
"""

import base64
import hmac
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from sgate_sdk.errors import SGateSignatureError, SGateUnexpectedResponseError, SGateUsageError
from sgate_sdk.events import Event, event_of

TOLERANCE_S = 300
SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix
MAX_TIMESTAMP_DIGITS = 10


class Headers(Protocol):
    """The headers of a request: `request.headers` of Flask, FastAPI, Django or aiohttp, or a `dict`."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return the names and values of the headers."""
        ...


def verify_webhook(
    body: bytes | str,
    headers: Headers,
    secret: str | Sequence[str],
    tolerance_s: float = TOLERANCE_S,
    *,
    now_s: float | None = None,
) -> Event:
    """Verify a webhook and return its event as an instance of the class for its type, such as `PaymentIntentEvent`.

    Args:
        body: the raw body, exactly as received. Do not pass a body that was parsed and serialized again.
        headers: the headers of the request. Their names are case-insensitive.
        secret: the endpoint's secret, `whsec_...`, or several secrets, one of which must match. While the endpoint's
            secret is being rotated, the old and the new secret both match.
        tolerance_s: the maximum age of the webhook in seconds, which limits replays. Its time may also be this far in
            the future.
        now_s: the current time in Unix seconds, for tests.

    Raises:
        SGateSignatureError: if the webhook is not genuine. Respond with 400 and do nothing else.
        SGateUnexpectedResponseError: if the webhook is genuine, but not an event that this library can read.
        SGateUsageError: if the body is not raw, or `tolerance_s` is not above 0.
    """
    verify_signature(body, headers, secret, tolerance_s, now_s=now_s)
    try:
        return event_of(_raw(body))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SGateUnexpectedResponseError(
            f"The webhook is genuine, but not an event that this library can read: {error}", code="not_an_event"
        ) from None


def verify_signature(
    body: bytes | str,
    headers: Headers,
    secret: str | Sequence[str],
    tolerance_s: float = TOLERANCE_S,
    *,
    now_s: float | None = None,
) -> None:
    """Verify a webhook without decoding its event. The arguments are the same as those of `verify_webhook`.

    Raises:
        SGateSignatureError: if the webhook is not genuine. `code` and the message give the reason.
        SGateUsageError: if the body is not raw, or `tolerance_s` is not above 0.
    """
    content = _raw(body)
    found = {name.lower(): value for name, value in headers.items()}
    now_s = time.time() if now_s is None else now_s
    if not tolerance_s > 0:
        raise SGateUsageError(
            "tolerance_s must be a number of seconds above 0: it limits replays.",
            code="invalid_option",
            param="tolerance_s",
        )
    secrets = secrets_of(secret)
    if not secrets or not all(secrets):
        raise SGateSignatureError("The secret is empty. Pass the endpoint's secret, whsec_...", code="bad_secret")
    if "webhook-signature" in found:
        _verify_standard(content, found, secrets, tolerance_s, now_s)
    elif "x-sgate-signature" in found:
        _verify_own(content, found["x-sgate-signature"], secrets, tolerance_s, now_s)
    else:
        raise SGateSignatureError(
            "Neither webhook-signature nor X-sGate-Signature is present. Does a proxy remove headers?",
            code="missing_header",
        )


def secrets_of(secret: str | Sequence[str]) -> list[str]:
    """Return a secret, or several secrets, as a list."""
    return [secret] if isinstance(secret, str) else list(secret)


def sign_standard(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature in the Standard Webhooks scheme, `v1,<base64>`.

    Raises:
        SGateSignatureError: if the secret is not base64, with or without the prefix `whsec_`.
    """
    digest = hmac.digest(_standard_key(secret), _bytes(f"{message_id}.{timestamp}.") + body, "sha256")
    return "v1," + base64.b64encode(digest).decode("ascii")


def sign_own(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature in sGate's own scheme, as hexadecimal digits."""
    return hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def _verify_standard(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], tolerance_s: float, now_s: float
) -> None:
    for name in ("webhook-id", "webhook-timestamp"):
        if name not in headers:
            raise SGateSignatureError(f"The header {name} is missing. Does a proxy remove it?", code="missing_header")
    timestamp = _fresh(headers["webhook-timestamp"], tolerance_s, now_s)
    message_id = headers["webhook-id"]
    given = headers["webhook-signature"].split(" ")
    _match([sign_standard(secret, message_id, timestamp, body) for secret in secrets], given)


def _verify_own(body: bytes, header: str, secrets: Sequence[str], tolerance_s: float, now_s: float) -> None:
    parts = [part.partition("=")[::2] for part in header.split(",")]
    timestamps = [value for name, value in parts if name == "t"]
    if len(timestamps) != 1:
        raise SGateSignatureError("X-sGate-Signature does not have the form t=<unix>,v1=<hex>.", code="malformed")
    timestamp = _fresh(timestamps[0], tolerance_s, now_s)
    expected = [sign_own(secret, timestamp, body) for secret in secrets]
    _match(expected, [value for name, value in parts if name == "v1"])


def _match(expected: Sequence[str], given: Sequence[str]) -> None:
    """Check, with comparisons in constant time, that a given signature matches an expected one."""
    pairs = [(one, each) for one in expected for each in given]
    if not any(hmac.compare_digest(one.encode(), _bytes(each)) for one, each in pairs):
        raise SGateSignatureError(
            "No signature matches. Is this the endpoint's secret, and the body unchanged, byte for byte?",
            code="no_match",
        )


def _fresh(text: str, tolerance_s: float, now_s: float) -> str:
    """Return the timestamp unchanged after checking that it is within the tolerance."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_TIMESTAMP_DIGITS):
        raise SGateSignatureError("The timestamp is not a Unix time in seconds.", code="malformed")
    age_s = now_s - int(text)
    if age_s > tolerance_s:
        raise SGateSignatureError(
            f"The webhook was signed {age_s:.0f} seconds ago; at most {tolerance_s:g} are allowed.", code="too_old"
        )
    if -age_s > tolerance_s:
        raise SGateSignatureError(
            f"The webhook was signed {-age_s:.0f} seconds in the future. Is this machine's clock right?",
            code="from_the_future",
        )
    return text


def _raw(body: bytes | str) -> bytes:
    if isinstance(body, str):
        return body.encode()
    if not isinstance(body, bytes | bytearray | memoryview):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise SGateUsageError(
            "Pass the raw body, as bytes or str. A parsed body cannot be verified.", code="body_not_raw", param="body"
        )
    return bytes(body)


def _bytes(text: str) -> bytes:
    """Encode text from a header. A server may represent bytes that are not text as lone surrogates.

    Text with lone surrogates matches no signature.
    """
    return text.encode("utf-8", "surrogatepass")


def _standard_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise SGateSignatureError("The secret is not whsec_ followed by base64.", code="bad_secret")
    return key
