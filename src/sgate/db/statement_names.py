"""Statements by name and by how long they take, for the metrics."""

import functools
import sys
from collections.abc import Callable

OTHER = "other"
TRANSACTION = "transaction"
PACKAGES = ("sgate.store.", "sgate.db.")
"""Where statements stand."""

_TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
MAX_NAMES = 2_000
"""Statements whose name is remembered; there are a few hundred."""

Observe = Callable[[str, float, BaseException | None], None]
"""Told of a statement's text, of the seconds it took, and of the error it ended with, if it did."""


@functools.lru_cache(maxsize=MAX_NAMES)
def name_of(statement: str) -> str:
    """`payment_intents_create.CREATE` for the statement of that name in `store/payment_intents_create.py`;
    `transaction` and `other` for the rest.

    The modules that are loaded are looked through once for each new text. Those that are not cannot have sent it.
    """
    if statement.lstrip().upper().startswith(_TRANSACTION_WORDS):
        return TRANSACTION
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith(PACKAGES):
            for name, value in vars(module).items():
                if value is statement or (isinstance(value, str) and value == statement):
                    return f"{module_name.rpartition('.')[2]}.{name.lstrip('_')}"
    return OTHER


def table_of(statement: str) -> str:
    """The module that a statement belongs to."""
    return name_of(statement).partition(".")[0]
