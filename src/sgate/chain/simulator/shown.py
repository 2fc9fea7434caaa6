"""Clarity values as the API shows them: serialised, and as text.

The gateway only reads a few kinds of values (`sgate.chain.clarity`); a simulated API must also show the others that
occur around a payment, so values are built here from both spellings at once.
"""

from collections.abc import Mapping, Sequence

import msgspec

from sgate.chain.clarity import Buffer, OptionalValue, PrincipalValue, UInt, encode
from sgate.core.address import parse_principal

_TRUE, _OK, _ERR, _SOME, _LIST, _TUPLE, _ASCII = 0x03, 0x07, 0x08, 0x0A, 0x0B, 0x0C, 0x0D


class Shown(msgspec.Struct, frozen=True):
    """A value: its serialisation, and the text the API shows for it."""

    data: bytes
    text: str

    @property
    def hex(self) -> str:
        """The serialisation as `0x` + hex."""
        return "0x" + self.data.hex()


def uint(number: int) -> Shown:
    """An unsigned integer."""
    return Shown(encode(UInt(number)), f"u{number}")


def buffer(data: bytes) -> Shown:
    """Bytes."""
    return Shown(encode(Buffer(data)), f"0x{data.hex()}")


def principal(text: str) -> Shown:
    """An address or a contract."""
    return Shown(encode(PrincipalValue(parse_principal(text))), f"'{text}")


def optional(inner: Shown | None) -> Shown:
    """`none` or `(some inner)`."""
    if inner is None:
        return Shown(encode(OptionalValue(None)), "none")
    return Shown(bytes([_SOME]) + inner.data, f"(some {inner.text})")


def ok(inner: Shown) -> Shown:
    """A successful response."""
    return Shown(bytes([_OK]) + inner.data, f"(ok {inner.text})")


def err(inner: Shown) -> Shown:
    """A failed response."""
    return Shown(bytes([_ERR]) + inner.data, f"(err {inner.text})")


TRUE = Shown(bytes([_TRUE]), "true")


def ascii_string(text: str) -> Shown:
    """A string of ASCII characters."""
    data = text.encode("ascii")
    return Shown(bytes([_ASCII]) + len(data).to_bytes(4) + data, f'"{text}"')


def list_of(items: Sequence[Shown]) -> Shown:
    """A list."""
    data = bytes([_LIST]) + len(items).to_bytes(4) + b"".join(item.data for item in items)
    return Shown(data, " ".join(["(list", *(item.text for item in items)]) + ")")


def tuple_of(fields: Mapping[str, Shown]) -> Shown:
    """A tuple; fields are sorted by name, as the chain does."""
    names = sorted(fields)
    parts = (bytes([len(name)]) + name.encode("ascii") + fields[name].data for name in names)
    data = bytes([_TUPLE]) + len(names).to_bytes(4) + b"".join(parts)
    return Shown(data, " ".join(["(tuple", *(f"({name} {fields[name].text})" for name in names)]) + ")")
