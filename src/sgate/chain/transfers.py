"""Which memo belongs to which transfer: the one rule that decides whom a payment is for.

sBTC's `transfer` emits a token event and, if a memo was given, prints the memo's bytes directly after it. So a memo
belongs to the transfer whose event index is exactly one lower, if the token contract itself printed a bare buffer
there. Never by transaction and never by count: one transaction may hold hundreds of transfers, other contracts may
print anything, and a mint or a burn pays nobody.
"""

from collections.abc import Iterable

import msgspec

from sgate.chain.clarity import Buffer, InvalidClarity, decode_hex
from sgate.chain.source import Transfer
from sgate.core.address import contract_of
from sgate.core.money import InvalidAmount, parse_chain_amount

TRANSFER_ACTION = "transfer"
PRINT_TOPIC = "print"

MAX_TRANSFER_SATS = 2**63 - 1
"""What the database can hold: four thousand times all bitcoin there will ever be."""


class BrokenEvent(ValueError):
    """A transfer of the asset lacks what every transfer has; the answer it came in cannot be trusted."""


class TokenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A fungible token was transferred, minted or burned, as the chain shows it; `amount` in digits."""

    event_index: int
    asset: str
    action: str
    sender: str | None
    recipient: str | None
    amount: str


class PrintEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A contract printed a value: `0x` + hex of its serialisation."""

    event_index: int
    contract: str
    topic: str
    value_hex: str


def memo_printed(event: PrintEvent, token_contract: str) -> bytes | None:
    """The memo that a print event states, or None if it is not a memo of that token contract."""
    if event.contract != token_contract or event.topic != PRINT_TOPIC:
        return None
    try:
        value = decode_hex(event.value_hex)
    except InvalidClarity:  # a tuple, a string, ...: not a memo
        return None
    return value.data if isinstance(value, Buffer) else None


def pair(events: Iterable[TokenEvent | PrintEvent], asset: str) -> tuple[Transfer, ...]:
    """The transfers of `asset` among a transaction's events, in order, each with its memo.

    Args:
        events: of one transaction; in any order, other kinds of events left out.
        asset: `ADDRESS.contract::asset`, compared exactly.

    Raises:
        BrokenEvent: if a transfer of the asset lacks its sender, its recipient or an amount.
    """
    token_contract = contract_of(asset)
    memos: dict[int, bytes] = {}
    moves: list[TokenEvent] = []
    for event in events:
        if isinstance(event, TokenEvent):
            if event.asset == asset and event.action == TRANSFER_ACTION:
                moves.append(event)
        elif (memo := memo_printed(event, token_contract)) is not None:
            memos[event.event_index] = memo
    moves.sort(key=lambda move: move.event_index)
    return tuple(_transfer(move, memos.get(move.event_index + 1)) for move in moves)


def _transfer(move: TokenEvent, memo: bytes | None) -> Transfer:
    if not move.sender or not move.recipient:
        raise BrokenEvent(f"transfer event {move.event_index} has no sender or no recipient")
    try:
        amount_sats = parse_chain_amount(move.amount)
    except InvalidAmount as problem:
        raise BrokenEvent(str(problem)) from None
    except ValueError:  # more digits than Python converts: no chain amount has that many
        raise BrokenEvent(f"transfer event {move.event_index} has an absurd amount") from None
    if not 1 <= amount_sats <= MAX_TRANSFER_SATS:
        raise BrokenEvent(f"transfer event {move.event_index} moves {amount_sats} sats, which the token cannot do")
    return Transfer(
        event_index=move.event_index,
        amount_sats=amount_sats,
        sender=move.sender,
        recipient=move.recipient,
        memo=memo,
    )
