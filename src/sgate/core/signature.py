"""Webhook signatures in two schemes, Standard Webhooks and sGate's own, over the same body with the same secret.

Standard Webhooks (https://www.standardwebhooks.com) signs `id.timestamp.body`. The key is the bytes that the secret
encodes, and the header is `webhook-signature: v1,<base64>`. sGate's scheme signs `timestamp.body`. The key is the text
of the secret, and the header is `X-sGate-Signature: t=<unix>,v1=<hex>`. Both schemes use HMAC-SHA256; a receiver needs
to verify only one of them.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from functools import lru_cache

SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix
SECRET_BYTES = 24
TOLERANCE_S = 300
"""How many seconds a timestamp may differ from the receiver's clock, in either direction. This limits replays."""


class InvalidSignature(ValueError):
    """The webhook cannot be trusted; the message says why."""


def new_secret(random_bytes: bytes) -> str:
    """Return an endpoint's signing secret built from 24 random bytes."""
    if len(random_bytes) != SECRET_BYTES:
        raise ValueError(f"a webhook secret needs {SECRET_BYTES} random bytes")
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode("ascii")


def sign_standard(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """Return a `v1,<base64>` signature of the Standard Webhooks scheme."""
    digest = hmac.digest(_standard_key(secret), b"%s.%d.%s" % (message_id.encode(), timestamp_s, body), "sha256")
    return "v1," + base64.b64encode(digest).decode("ascii")


def sign_sgate(secret: str, timestamp_s: int, body: bytes) -> str:
    """Return the signature of sGate's own scheme in hex, without the header syntax."""
    return hmac.digest(secret.encode(), b"%d.%s" % (timestamp_s, body), "sha256").hex()


def headers_of(secrets: Sequence[str], message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """Return the signature headers of one delivery attempt.

    Args:
        secrets: the endpoint's current secret, followed by the previous one during a rotation.
        message_id: the event's id, the same on every attempt.
    """
    sgate_signatures = ",".join(f"v1={sign_sgate(secret, timestamp_s, body)}" for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": " ".join(sign_standard(secret, message_id, timestamp_s, body) for secret in secrets),
        "X-sGate-Signature": f"t={timestamp_s},{sgate_signatures}",
        "X-sGate-Timestamp": str(timestamp_s),
    }


def verify_standard(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> None:
    """Verify the Standard Webhooks headers. `headers` must have lower-case names.

    Raises:
        InvalidSignature: if a header is missing or malformed, the timestamp is too old or too new, no signature
            matches, or the secret is malformed.
    """
    message_id = _header(headers, "webhook-id")
    timestamp_s = _timestamp(_header(headers, "webhook-timestamp"), now_s)
    expected = sign_standard(secret, message_id, timestamp_s, body).encode()
    signatures = _header(headers, "webhook-signature").split()
    if not any(hmac.compare_digest(expected, signature.encode()) for signature in signatures):
        raise InvalidSignature("no signature in webhook-signature matches")


def verify_sgate(secret: str, headers: Mapping[str, str], body: bytes, now_s: int) -> None:
    """Verify the `X-sGate-Signature` header. `headers` must have lower-case names.

    Raises:
        InvalidSignature: if the header is missing or malformed, its timestamp is too old or too new, or no signature
            matches.
    """
    parts = [part.partition("=")[::2] for part in _header(headers, "x-sgate-signature").split(",")]
    timestamps = [value for name, value in parts if name == "t"]
    if len(timestamps) != 1:
        raise InvalidSignature("x-sgate-signature must have the form t=<unix>,v1=<hex>")
    timestamp_s = _timestamp(timestamps[0], now_s)
    expected = sign_sgate(secret, timestamp_s, body).encode()
    if not any(name == "v1" and hmac.compare_digest(expected, value.encode()) for name, value in parts):
        raise InvalidSignature("no v1 signature in x-sgate-signature matches")


@lru_cache(maxsize=4096)
def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        raise InvalidSignature("the secret is not whsec_ followed by base64") from None


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if value is None or not value.isascii():
        raise InvalidSignature(f"the header {name} is missing or is not plain ASCII")
    return value


def _timestamp(text: str, now_s: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= len("9999999999")):
        raise InvalidSignature("the timestamp is not a Unix time in seconds")
    if abs(now_s - int(text)) > TOLERANCE_S:
        raise InvalidSignature(f"the timestamp is more than {TOLERANCE_S} seconds away from now")
    return int(text)
