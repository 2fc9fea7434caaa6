"""Stacks addresses: c32check, standard and contract principals.

c32check is Crockford's base 32 with a version character and a four-byte double-SHA256 checksum (SIP-005). A principal
is an address, or an address and a contract name joined by a dot.
"""

import hashlib
import re
from enum import StrEnum

import msgspec

C32_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_C32_VALUES = {character: value for value, character in enumerate(C32_ALPHABET)}
_LOOK_ALIKES = str.maketrans("OLI", "011")  # Crockford: these letters are read as the digits they resemble

HASH160_BYTES = 20
BURN_HASH160 = bytes(HASH160_BYTES)
"""The hash of the burn addresses, such as SP000000000000000000002Q6VF78. The system contracts have it too."""

CHECKSUM_BYTES = 4
MIN_ADDRESS_CHARACTERS = 6
MAX_ADDRESS_CHARACTERS = 41
MAX_CONTRACT_NAME_CHARACTERS = 40
_CONTRACT_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_-]{0,39}")


class Network(StrEnum):
    """The chain that an address or a payment belongs to."""

    MAINNET = "mainnet"
    TESTNET = "testnet"
    SIMULATED = "simulated"


VERSIONS: dict[Network, frozenset[int]] = {
    Network.MAINNET: frozenset({22, 20}),  # SP single signature, SM multisig
    Network.TESTNET: frozenset({26, 21}),  # ST, SN
    Network.SIMULATED: frozenset({26, 21}),  # the simulated chain uses testnet addresses
}

SBTC_ASSETS: dict[Network, str] = {
    Network.MAINNET: "SM3VDXK3WZZSA84XXFKAFAF15NNZX32CTSG82JFQ4.sbtc-token::sbtc-token",
    Network.TESTNET: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token::sbtc-token",
    Network.SIMULATED: "ST1F7QA2MDF17S807EPA36TSS8AMEFY4KA9TVGWXT.sbtc-token::sbtc-token",
}


class InvalidAddress(ValueError):
    """The text is not an address that can be used; the message says what is wrong with it."""


class Principal(msgspec.Struct, frozen=True):
    """A decoded principal. `contract_name` is None for a standard (wallet) address; `hash160` has 20 bytes."""

    version: int
    hash160: bytes
    contract_name: str | None = None

    def __str__(self) -> str:
        address = encode(self.version, self.hash160)
        return address if self.contract_name is None else f"{address}.{self.contract_name}"


def encode(version: int, hash160: bytes) -> str:
    """Encode a version (0..31) and a 20-byte hash as an address.

    Raises:
        InvalidAddress: if the version is out of range or the hash does not have 20 bytes.
    """
    if not 0 <= version < len(C32_ALPHABET) or len(hash160) != HASH160_BYTES:
        raise InvalidAddress("an address needs a version from 0 to 31 and a hash of 20 bytes")
    payload = hash160 + _checksum(version, hash160)
    return f"S{C32_ALPHABET[version]}{_c32_encode(payload)}"


def parse_principal(text: str) -> Principal:
    """Decode an address or a contract principal and verify its checksum.

    Raises:
        InvalidAddress: if the form, the length, a character or the checksum is wrong.
    """
    address, dot, contract_name = text.partition(".")
    if dot and not _CONTRACT_NAME.fullmatch(contract_name):
        raise InvalidAddress("the contract name after the dot is not valid")
    if not address.startswith("S") or not MIN_ADDRESS_CHARACTERS <= len(address) <= MAX_ADDRESS_CHARACTERS:
        raise InvalidAddress("a Stacks address starts with S and has 6 to 41 characters")
    address = address.translate(_LOOK_ALIKES)
    version = _C32_VALUES.get(address[1])
    if version is None:
        raise InvalidAddress("the second character of the address is not a c32 character")
    payload = _c32_decode(address[2:])
    if len(payload) != HASH160_BYTES + CHECKSUM_BYTES:
        raise InvalidAddress("the address has the wrong length")
    hash160, checksum = payload[:HASH160_BYTES], payload[HASH160_BYTES:]
    if checksum != _checksum(version, hash160):
        raise InvalidAddress("the checksum does not match: a character is wrong or missing")
    return Principal(version, hash160, contract_name if dot else None)


def check_pay_address(text: str, network: Network, asset: str) -> str:
    """Return the canonical spelling of an address that can receive payments of `asset` on `network`.

    Raises:
        InvalidAddress: if the text is not an address, is an address of another network, or belongs to nobody who could
            spend what it receives.
    """
    principal = parse_principal(text)
    if principal.version not in VERSIONS[network]:
        expected = "SP or SM" if network is Network.MAINNET else "ST or SN"
        raise InvalidAddress(f"the address is not a {network} address (those start with {expected})")
    reason = why_unspendable(principal, asset)
    if reason is not None:
        raise InvalidAddress(reason)
    return str(principal)


def why_unspendable(principal: Principal, asset: str) -> str | None:
    """Return why nobody could spend what a principal receives, as a sentence without a period, or None.

    The contracts of an account are judged like the account itself: none of the system contracts and none of the
    token's own contracts pays out what is sent to it.
    """
    if principal.hash160 == BURN_HASH160:
        return "nobody has the key of this address, so everything sent to it would be lost; use an address of your own"
    if principal.hash160 == parse_principal(contract_of(asset)).hash160:
        return (
            "the address belongs to the contracts of the token itself, so everything sent to it would be lost; use an "
            "address of your own"
        )
    return None


def contract_of(asset: str) -> str:
    """Return the contract principal of an asset identifier (`address.contract::asset`).

    Raises:
        InvalidAddress: if the identifier does not have this form.
    """
    contract, separator, name = asset.partition("::")
    if not separator or not name or parse_principal(contract).contract_name is None:
        raise InvalidAddress("an asset identifier must have the form ADDRESS.contract::asset")
    return contract


def _checksum(version: int, data: bytes) -> bytes:
    digest = hashlib.sha256(hashlib.sha256(bytes([version]) + data).digest()).digest()
    return digest[:CHECKSUM_BYTES]


def _c32_encode(data: bytes) -> str:
    number, characters = int.from_bytes(data), []
    while number:
        number, digit = divmod(number, 32)
        characters.append(C32_ALPHABET[digit])
    leading_zero_bytes = len(data) - len(data.lstrip(b"\0"))
    return "0" * leading_zero_bytes + "".join(reversed(characters))


def _c32_decode(text: str) -> bytes:
    number = 0
    for character in text:
        digit = _C32_VALUES.get(character)
        if digit is None:
            raise InvalidAddress(f"{character!r} is not a c32 character")
        number = number * 32 + digit
    leading_zeros = len(text) - len(text.lstrip("0"))
    return b"\0" * leading_zeros + number.to_bytes((number.bit_length() + 7) // 8)
