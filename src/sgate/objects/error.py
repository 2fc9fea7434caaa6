"""The response to a request that failed."""

from typing import Annotated

import msgspec

from sgate.core.errors import GatewayError
from sgate.objects.fields import RequestId, Timestamp, doc


def _types(kind: type[GatewayError] = GatewayError) -> set[str]:
    return {kind.type}.union(*map(_types, kind.__subclasses__()))


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong."""

    type: Annotated[str, doc("Family of the error.", "validation_error", enum=sorted(_types()))]
    code: Annotated[str, doc("Code that identifies the error.", "invalid_expires_in")]
    message: Annotated[
        str, doc("Human-readable: what is wrong and what to do.", "`expires_in` must be from 60 to 86400 seconds.")
    ]
    param: Annotated[str | None, doc("Field or parameter at fault; null if none is.", "expires_in")]
    doc_url: Annotated[
        str,
        doc(
            "URL of the page that explains the code.",
            "https://pay.example.com/docs/errors/invalid_expires_in",
            format="uri",
        ),
    ]
    details: Annotated[dict[str, object], doc("Further facts, which depend on the code; usually empty.", {})]


class ErrorEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The response to every request that fails."""

    error: Annotated[ErrorBody, doc("What went wrong.")]
    request_id: RequestId
    timestamp: Annotated[Timestamp, doc("Time of the response, ISO 8601 in UTC.")]
    path: Annotated[str, doc("Path of the request.", "/v1/payment_intents")]
    status: Annotated[int, doc("HTTP status code.", 422)]
    retry_after: Annotated[
        int | None, doc("Seconds to wait before trying again. Absent if trying again will not help.", 1)
    ] = None
