"""An API key as merchants see it."""

from typing import Annotated, Literal

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.objects.fields import LIST, OBJECT, ApiKeyId, CreatedAt, HasMore, Limit, Livemode, Scopes, Timestamp, doc
from sgate.store.api_keys import ApiKey


class ApiKeyObject(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. It belongs to one mode, and the key itself is returned only once, when it is created."""

    id: ApiKeyId
    object: Annotated[Literal["api_key"], OBJECT] = "api_key"
    livemode: Livemode
    name: Annotated[str, doc("Human-readable name of the key.", "web shop")]
    scopes: Scopes
    hint: Annotated[str, doc("Beginning and end of the key, to recognize it by.", "sk_test_…9f3a")]
    created_at: CreatedAt
    last_used_at: Annotated[
        Timestamp | None,
        doc("Time at which the key was last used, accurate to about a minute, ISO 8601 in UTC; null if never."),
    ]
    expires_at: Annotated[
        Timestamp | None,
        doc("Time at which the key stops working, ISO 8601 in UTC. Null unless it was rolled."),
    ]
    revoked_at: Annotated[
        Timestamp | None, doc("Time at which the key was revoked, ISO 8601 in UTC; null if it was not.")
    ]
    secret: Annotated[
        str | msgspec.UnsetType,
        doc("The key itself. Present only in the response that creates it.", f"sk_test_{'0123456789abcdef' * 4}"),
    ] = msgspec.UNSET


class ApiKeyList(msgspec.Struct):
    """A page of valid API keys, newest first."""

    object: Annotated[Literal["list"], LIST]
    data: Annotated[list[ApiKeyObject], doc("The API keys of this page.")]
    has_more: HasMore
    limit: Limit


def api_key_object(key: ApiKey) -> ApiKeyObject:
    """Return a key as merchants see it, without its secret."""
    return ApiKeyObject(
        id=key.id,
        livemode=key.livemode,
        name=key.name,
        scopes=key.scopes,
        hint=key.hint,
        created_at=iso_ms(key.created_at),
        last_used_at=iso_ms_or_none(key.last_used_at),
        expires_at=iso_ms_or_none(key.expires_at),
        revoked_at=iso_ms_or_none(key.revoked_at),
    )
