"""Errors that the user of a command can fix. Each message is one sentence that says what is wrong and what to do."""

from typing import ClassVar


class OperatorError(Exception):
    """An error that the user can fix; the message says how."""

    exit_status: ClassVar[int] = 2


class Failure(OperatorError):
    """A valid command failed, for example because the server is unreachable or the key is wrong."""

    exit_status = 1
