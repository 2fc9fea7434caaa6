"""An API key as merchants see it."""

import msgspec

from sgate.objects.encoding import iso_ms, iso_ms_or_none
from sgate.store.api_keys import ApiKey


class ApiKeyObject(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. `secret` is the key itself, given only when it is made.

    `hint` is its beginning and its end. `last_used_at` is exact to about a minute. `expires_at` is when it ends by
    itself, because it was rolled.
    """

    id: str
    object: str = "api_key"
    livemode: bool
    name: str
    scopes: tuple[str, ...]
    hint: str
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    revoked_at: str | None
    secret: str | msgspec.UnsetType = msgspec.UNSET


class ApiKeyList(msgspec.Struct):
    """A page of the API keys that can be used, newest first."""

    object: str
    data: list[ApiKeyObject]
    has_more: bool
    limit: int


def api_key_object(key: ApiKey) -> ApiKeyObject:
    """A key as merchants see it, without the key itself."""
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
