"""The Clarity values that sGate needs: printed memos, and the arguments of direct calls to `transfer`.

Clarity values are encoded in the consensus serialization of SIP-005: one type byte, then the content, big-endian. Only
unsigned integers, buffers, principals and optionals are supported; all other values are rejected.
"""

import binascii
from enum import IntEnum
from typing import assert_never

import msgspec

from sgate.core.address import HASH160_BYTES, MAX_CONTRACT_NAME_CHARACTERS, InvalidAddress, Principal, parse_principal

MAX_VALUE_BYTES = 1_048_576
"""The largest value that the chain allows."""

MAX_OPTIONAL_DEPTH = 32
"""The deepest nesting of types that the chain allows."""

MAX_UINT = 2**128 - 1
UINT_BYTES = 16
LENGTH_BYTES = 4


class _Type(IntEnum):
    """The type bytes of the supported values."""

    UINT = 0x01
    BUFFER = 0x02
    STANDARD_PRINCIPAL = 0x05
    CONTRACT_PRINCIPAL = 0x06
    NONE = 0x09
    SOME = 0x0A


class InvalidClarity(ValueError):
    """The bytes are not a supported Clarity value; the message says what is wrong."""


class UInt(msgspec.Struct, frozen=True):
    """An unsigned integer of 128 bits."""

    value: int


class Buffer(msgspec.Struct, frozen=True):
    """Arbitrary bytes."""

    data: bytes


class PrincipalValue(msgspec.Struct, frozen=True):
    """A wallet address or a contract."""

    principal: Principal


class OptionalValue(msgspec.Struct, frozen=True):
    """`none`, or `(some value)`."""

    value: "Value | None"


Value = UInt | Buffer | PrincipalValue | OptionalValue


def decode_hex(text: str) -> Value:
    """Decode a value written as `0x` + hex, which is how the API writes values.

    Raises:
        InvalidClarity: if the text is not exactly one supported value.
    """
    if not text.startswith("0x"):
        raise InvalidClarity("a Clarity value must be written as 0x and hex digits")
    if len(text) > 2 + 2 * MAX_VALUE_BYTES:
        raise InvalidClarity(f"a Clarity value has at most {MAX_VALUE_BYTES} bytes")
    try:
        data = binascii.unhexlify(text[2:])
    except ValueError:
        raise InvalidClarity("a Clarity value must be written as 0x and hex digits") from None
    return decode(data)


def decode(data: bytes) -> Value:
    """Decode `data`, which must consist of exactly one value.

    Raises:
        InvalidClarity: if `data` is anything else, or the value is not supported.
    """
    if len(data) > MAX_VALUE_BYTES:
        raise InvalidClarity(f"a Clarity value has at most {MAX_VALUE_BYTES} bytes")
    depth = 0
    while data[:1] == bytes([_Type.SOME]) and depth < MAX_OPTIONAL_DEPTH:
        data, depth = data[1:], depth + 1
    value = _decode_plain(data)
    for _ in range(depth):
        value = OptionalValue(value)
    return value


def _decode_plain(data: bytes) -> Value:
    if not data:
        raise InvalidClarity("the value is empty")
    kind, content = data[0], data[1:]
    match kind:
        case _Type.UINT:
            return UInt(int.from_bytes(_exactly(content, UINT_BYTES)))
        case _Type.BUFFER:
            length = int.from_bytes(content[:LENGTH_BYTES])
            return Buffer(_exactly(content, LENGTH_BYTES + length)[LENGTH_BYTES:])
        case _Type.STANDARD_PRINCIPAL:
            return PrincipalValue(_principal(_exactly(content, 1 + HASH160_BYTES), None))
        case _Type.CONTRACT_PRINCIPAL:
            return PrincipalValue(_contract(content))
        case _Type.NONE:
            _exactly(content, 0)
            return OptionalValue(None)
        case _:
            raise InvalidClarity(f"values of type 0x{kind:02x} are not supported")


def _exactly(content: bytes, length: int) -> bytes:
    if len(content) != length:
        raise InvalidClarity(f"expected {length} bytes of content, got {len(content)}")
    return content


def _contract(content: bytes) -> Principal:
    address, name_length = content[: 1 + HASH160_BYTES], content[1 + HASH160_BYTES : 2 + HASH160_BYTES]
    length = name_length[0] if name_length else 0
    if not 1 <= length <= MAX_CONTRACT_NAME_CHARACTERS:
        raise InvalidClarity(f"a contract name has 1 to {MAX_CONTRACT_NAME_CHARACTERS} characters")
    name = _exactly(content, 2 + HASH160_BYTES + length)[2 + HASH160_BYTES :]
    return _principal(address, name.decode("ascii", errors="replace"))


def _principal(address: bytes, contract_name: str | None) -> Principal:
    principal = Principal(address[0], address[1:], contract_name)
    try:
        return parse_principal(str(principal))  # rejects versions and contract names that have no textual form
    except InvalidAddress as problem:
        raise InvalidClarity(str(problem)) from None


def encode(value: Value) -> bytes:
    """Serialize a value; the inverse of `decode`.

    Raises:
        InvalidClarity: if an integer is out of range.
    """
    match value:
        case UInt():
            if not 0 <= value.value <= MAX_UINT:
                raise InvalidClarity("an unsigned integer has 128 bits")
            return bytes([_Type.UINT]) + value.value.to_bytes(UINT_BYTES)
        case Buffer():
            return bytes([_Type.BUFFER]) + len(value.data).to_bytes(LENGTH_BYTES) + value.data
        case PrincipalValue():
            return _encode_principal(value.principal)
        case OptionalValue():
            return bytes([_Type.NONE]) if value.value is None else bytes([_Type.SOME]) + encode(value.value)
        case _:
            assert_never(value)


def _encode_principal(principal: Principal) -> bytes:
    address = bytes([principal.version]) + principal.hash160
    if principal.contract_name is None:
        return bytes([_Type.STANDARD_PRINCIPAL]) + address
    name = principal.contract_name.encode("ascii")
    return bytes([_Type.CONTRACT_PRINCIPAL]) + address + bytes([len(name)]) + name
