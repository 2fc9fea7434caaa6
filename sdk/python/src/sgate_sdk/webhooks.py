"""Webhooks: whether one is genuine, and what it says.

Each carries two signatures over the same bytes: that of Standard Webhooks, and sGate's own. The standard one decides
if it is there. Verify the body as it came, before anything parses it.
"""

import base64
import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from sgate_sdk.errors import InvalidSignature, UnexpectedAnswer
from sgate_sdk.events import Event, event_of

TOLERANCE_S = 300
SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix
MAX_TIMESTAMP_DIGITS = 10


class Headers(Protocol):
    """The headers of a request as any framework has them: `request.headers` of Flask, FastAPI, Django, aiohttp, ..."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Names and values."""
        ...


def verify_webhook(
    body: bytes | str, headers: Headers, secret: str, tolerance_s: float = TOLERANCE_S, *, now_s: float | None = None
) -> Event:
    """The event of a genuine webhook, of the class that fits its type (`PaymentIntentEvent`, ...).

    Args:
        body: as it came; not parsed and written anew.
        headers: of the request; capitals do not matter.
        secret: the endpoint's, `whsec_...`. During a rotation the old one and the new one work.
        tolerance_s: how far the webhook's time may be from now, either way; stops replays.
        now_s: the time of day, for tests.

    Raises:
        InvalidSignature: if it is not genuine. Answer with 400 and do nothing.
        UnexpectedAnswer: if it is genuine but says something that this library cannot read.
    """
    content = body.encode() if isinstance(body, str) else bytes(body)
    verify_signature(content, headers, secret, tolerance_s, now_s=now_s)
    try:
        return event_of(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnexpectedAnswer(f"The webhook is genuine but is no event that this library can read: {error}") from None


def verify_signature(
    body: bytes, headers: Headers, secret: str, tolerance_s: float = TOLERANCE_S, *, now_s: float | None = None
) -> None:
    """Whether bytes were signed with the secret, not long ago. Arguments as for `verify_webhook`.

    Raises:
        InvalidSignature: if not; `code` and message say why.
    """
    found = {name.lower(): value for name, value in headers.items()}
    now_s = time.time() if now_s is None else now_s
    if not secret:
        raise InvalidSignature("The secret is empty. It is the endpoint's, whsec_...", code="bad_secret")
    if "webhook-signature" in found:
        _verify_standard(body, found, secret, tolerance_s, now_s)
    elif "x-sgate-signature" in found:
        _verify_own(body, found["x-sgate-signature"], secret, tolerance_s, now_s)
    else:
        raise InvalidSignature(
            "Neither webhook-signature nor X-sGate-Signature is there. Does a proxy remove headers?",
            code="missing_header",
        )


def sign_standard(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """`v1,<base64>`: the signature of Standard Webhooks.

    Raises:
        InvalidSignature: if the secret is none.
    """
    digest = hmac.digest(_standard_key(secret), _bytes(f"{message_id}.{timestamp}.") + body, "sha256")
    return "v1," + base64.b64encode(digest).decode("ascii")


def sign_own(secret: str, timestamp: str, body: bytes) -> str:
    """The hexadecimal digits of sGate's own signature."""
    return hmac.digest(secret.encode(), f"{timestamp}.".encode() + body, "sha256").hex()


def _verify_standard(body: bytes, headers: Mapping[str, str], secret: str, tolerance_s: float, now_s: float) -> None:
    for name in ("webhook-id", "webhook-timestamp"):
        if name not in headers:
            raise InvalidSignature(f"The header {name} is missing. Does a proxy remove it?", code="missing_header")
    timestamp = _fresh(headers["webhook-timestamp"], tolerance_s, now_s)
    message_id = headers["webhook-id"]
    given = headers["webhook-signature"].split(" ")
    _match(sign_standard(secret, message_id, timestamp, body), given)


def _verify_own(body: bytes, header: str, secret: str, tolerance_s: float, now_s: float) -> None:
    parts = [part.partition("=")[::2] for part in header.split(",")]
    timestamps = [value for name, value in parts if name == "t"]
    if len(timestamps) != 1:
        raise InvalidSignature("X-sGate-Signature does not have the form t=<unix>,v1=<hex>.", code="malformed")
    timestamp = _fresh(timestamps[0], tolerance_s, now_s)
    _match(sign_own(secret, timestamp, body), [value for name, value in parts if name == "v1"])


def _match(expected: str, given: Iterable[str]) -> None:
    """Compares in a time that does not tell how much fits."""
    if not any(hmac.compare_digest(expected.encode(), _bytes(each)) for each in given):
        raise InvalidSignature(
            "No signature fits. Is it this endpoint's secret, and the body as it came, byte for byte?", code="no_match"
        )


def _fresh(text: str, tolerance_s: float, now_s: float) -> str:
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_TIMESTAMP_DIGITS):
        raise InvalidSignature("The timestamp is not a Unix time in seconds.", code="malformed")
    age_s = now_s - int(text)
    if age_s > tolerance_s:
        raise InvalidSignature(
            f"It was signed {age_s:.0f} seconds ago, more than {tolerance_s:g} are not allowed.", code="too_old"
        )
    if -age_s > tolerance_s:
        raise InvalidSignature(
            f"It was signed {-age_s:.0f} seconds in the future. Is this machine's clock right?", code="from_the_future"
        )
    return text


def _bytes(text: str) -> bytes:
    """Servers hand on bytes that are not text as lone surrogates; they fit nothing, and are no reason to fail."""
    return text.encode("utf-8", "surrogatepass")


def _standard_key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise InvalidSignature("The secret is not whsec_ followed by base64.", code="bad_secret")
    return key
