"""Clarity values as the API shows them: serialized and as text.

The gateway reads only a few types of values (`sgate.chain.clarity`), but the simulated API must also show the other
types that occur around a payment. The functions here build both representations of a value.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sgate.chain.clarity import Buffer, OptionalValue, PrincipalValue, UInt, encode
from sgate.core.address import parse_principal

_TRUE, _OK, _ERR, _SOME, _LIST, _TUPLE, _ASCII = 0x03, 0x07, 0x08, 0x0A, 0x0B, 0x0C, 0x0D


class Shown(msgspec.Struct, frozen=True):
    """A value: its serialization, and the text that the API shows for it."""

    data: bytes
    text: str

    @property
    def hex(self) -> str:
        """The serialization as `0x` + hex."""
        return "0x" + self.data.hex()


def uint(number: int) -> Shown:
    """Return an unsigned integer."""
    return Shown(encode(UInt(number)), f"u{number}")


def buffer(data: bytes) -> Shown:
    """Return a buffer."""
    return Shown(encode(Buffer(data)), f"0x{data.hex()}")


def principal(text: str) -> Shown:
    """Return the principal of an address or a contract."""
    return Shown(encode(PrincipalValue(parse_principal(text))), f"'{text}")


def optional(inner: Shown | None) -> Shown:
    """Return `none` or `(some inner)`."""
    if inner is None:
        return Shown(encode(OptionalValue(None)), "none")
    return Shown(bytes([_SOME]) + inner.data, f"(some {inner.text})")


def ok(inner: Shown) -> Shown:
    """Return a successful response."""
    return Shown(bytes([_OK]) + inner.data, f"(ok {inner.text})")


def err(inner: Shown) -> Shown:
    """Return an error response."""
    return Shown(bytes([_ERR]) + inner.data, f"(err {inner.text})")


TRUE = Shown(bytes([_TRUE]), "true")


def ascii_string(text: str) -> Shown:
    """Return a string of ASCII characters."""
    data = text.encode("ascii")
    return Shown(bytes([_ASCII]) + len(data).to_bytes(4) + data, f'"{text}"')


def list_of(items: Sequence[Shown]) -> Shown:
    """Return a list."""
    data = bytes([_LIST]) + len(items).to_bytes(4) + b"".join(item.data for item in items)
    return Shown(data, " ".join(["(list", *(item.text for item in items)]) + ")")


def tuple_of(fields: Mapping[str, Shown]) -> Shown:
    """Return a tuple, with its fields sorted by name as on the chain."""
    names = sorted(fields)
    parts = (bytes([len(name)]) + name.encode("ascii") + fields[name].data for name in names)
    data = bytes([_TUPLE]) + len(names).to_bytes(4) + b"".join(parts)
    return Shown(data, " ".join(["(tuple", *(f"({name} {fields[name].text})" for name in names)]) + ")")
