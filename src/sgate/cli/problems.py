"""Failures that whoever typed the command can mend. Each is one sentence that says what is wrong and what to do."""

from typing import ClassVar


class OperatorError(Exception):
    """Something the operator can mend; the message says what and how."""

    exit_status: ClassVar[int] = 2


class Failure(OperatorError):
    """The command was understood, but could not be done: the server is away, or the key is wrong."""

    exit_status = 1
