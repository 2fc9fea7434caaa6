"""The scopes of API keys."""

from enum import StrEnum


class Scope(StrEnum):
    """What an API key may do. `admin` covers API keys and settings."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
