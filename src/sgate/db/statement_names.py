"""Names of SQL statements, for the metrics."""

import functools
import sys
from collections.abc import Callable

OTHER = "other"
TRANSACTION = "transaction"
PACKAGES = ("sgate.store.", "sgate.db.")
"""The packages that define statements."""

_TRANSACTION_WORDS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
MAX_NAMES = 2_000
"""The size of the cache of names. There are a few hundred statements."""

Observe = Callable[[str, float, BaseException | None], None]
"""Called with a statement's text, its duration in seconds, and its error or None."""


@functools.lru_cache(maxsize=MAX_NAMES)
def name_of(statement: str) -> str:
    """Return a statement's name, such as `payment_intents_create.CREATE` for CREATE in
    `store/payment_intents_create.py`. Other statements are named `transaction` or `other`.

    For each new text, the loaded modules are searched once. A module that is not loaded cannot have sent the statement.
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
    """Return the name of the module that defines a statement, or `transaction` or `other`."""
    return name_of(statement).partition(".")[0]
