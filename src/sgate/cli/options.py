"""Options that several commands share."""

from enum import StrEnum


class ModeName(StrEnum):
    """The mode of a key, or of a chain."""

    TEST = "test"
    LIVE = "live"
