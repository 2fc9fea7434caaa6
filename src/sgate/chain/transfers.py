"""Pairing of transfers with their memos. The memo determines which intent a payment is for.

sBTC's `transfer` emits a token event and, if a memo was given, prints the memo's bytes directly after it. A memo
therefore belongs to the transfer whose event index is exactly one lower, provided that the token contract itself
printed a bare buffer. Matching by transaction or by count would be wrong: a transaction may contain hundreds of
transfers, other contracts may print anything, and a mint or a burn is not a payment.
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
"""The largest amount that the database can store: four thousand times all bitcoin that will ever exist."""


class BrokenEvent(ValueError):
    """A transfer of the asset is incomplete or impossible, so the response that contains it cannot be trusted."""


class TokenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer, mint or burn of a fungible token. `amount` is a string of digits, as the chain shows it."""

    event_index: int
    asset: str
    action: str
    sender: str | None
    recipient: str | None
    amount: str


class PrintEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A value printed by a contract. `value_hex` is `0x` + hex of its serialization."""

    event_index: int
    contract: str
    topic: str
    value_hex: str


def memo_printed(event: PrintEvent, token_contract: str) -> bytes | None:
    """Return the memo in a print event, or None if the event is not a memo printed by the token contract."""
    if event.contract != token_contract or event.topic != PRINT_TOPIC:
        return None
    try:
        value = decode_hex(event.value_hex)
    except InvalidClarity:  # such as a tuple or a string, which is not a memo
        return None
    return value.data if isinstance(value, Buffer) else None


def pair(events: Iterable[TokenEvent | PrintEvent], asset: str) -> tuple[Transfer, ...]:
    """Return the transfers of `asset` among a transaction's events, in order, each with its memo.

    Args:
        events: the token and print events of one transaction, in any order.
        asset: `ADDRESS.contract::asset`, compared exactly.

    Raises:
        BrokenEvent: if a transfer of the asset has no sender, no recipient or no valid amount.
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
    except ValueError:  # more digits than Python converts; no chain amount has that many
        raise BrokenEvent(f"transfer event {move.event_index} has an impossible amount") from None
    if not 1 <= amount_sats <= MAX_TRANSFER_SATS:
        raise BrokenEvent(f"transfer event {move.event_index} moves {amount_sats} sats, which is not possible")
    return Transfer(
        event_index=move.event_index,
        amount_sats=amount_sats,
        sender=move.sender,
        recipient=move.recipient,
        memo=memo,
    )
