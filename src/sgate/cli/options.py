"""Options that several commands share."""

from enum import StrEnum

from sgate.cli.problems import OperatorError
from sgate.core import errors


class ModeName(StrEnum):
    """The mode of a key, or of a chain."""

    TEST = "test"
    LIVE = "live"


def checked_name(name: str) -> str:
    """Return the value of `--name`, checked by the rule of the API.

    Raises:
        OperatorError: if the name is not valid.
    """
    from sgate.services import validation

    try:
        validation.name(name)
    except errors.ValidationFailed as error:
        raise OperatorError(f"--{error.message}") from None
    return name
