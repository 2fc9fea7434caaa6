"""What a failed call answers."""

import msgspec


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong. `param` names the field, `doc_url` the page that explains the code."""

    type: str
    code: str
    message: str
    param: str | None
    doc_url: str
    details: dict[str, object]


class ErrorEnvelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to every request that fails."""

    error: ErrorBody
    request_id: str
    timestamp: str
    path: str
    status: int
    retry_after: int | None = None
