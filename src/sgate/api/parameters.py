"""Query parameters of lists: each read strictly, so that a misspelt one never means "everything"."""

from collections.abc import Sequence

from sgate.api.requests import AnyRequest, is_id
from sgate.core import errors


def one_of(request: AnyRequest, name: str, allowed: Sequence[str]) -> str | None:
    """A parameter with a few possible values, or None if it is not given.

    Raises:
        ValidationFailed: for any other value.
    """
    text = request.query_params.get(name)
    if text is not None and text not in allowed:
        raise errors.ValidationFailed(f"{name} is one of {', '.join(allowed)}.", param=name)
    return text


def cursor_of(request: AnyRequest, name: str) -> str | None:
    """The id of an object of the list.

    Raises:
        InvalidCursor: if it does not have the form of an id.
    """
    return checked_cursor(request.query_params.get(name), name)


def checked_cursor(text: str | None, name: str) -> str | None:
    """The id of an object of the list, or nothing.

    Raises:
        InvalidCursor: if it does not have the form of an id.
    """
    if text is not None and not is_id(text):
        raise errors.InvalidCursor(param=name)
    return text


def object_id_of(request: AnyRequest, *names: str, such_as: str = "pi") -> str | None:
    """An id, under the first of these names that is given. `such_as`: how the ids begin that make sense here.

    Raises:
        ValidationFailed: if it does not have the form of an id.
    """
    for name in names:
        text = request.query_params.get(name)
        if text is None:
            continue
        if not is_id(text):
            raise errors.ValidationFailed(f"{name} is an id, such as {such_as}_...", param=name)
        return text
    return None
