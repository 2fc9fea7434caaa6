"""Failures that an operator can mend."""


class OperatorError(Exception):
    """Something the operator can mend; the message says what and how."""
