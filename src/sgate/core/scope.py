"""What a key may do."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key may do. `admin` covers keys and settings."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
