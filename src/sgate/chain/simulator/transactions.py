"""Transactions of the simulated chain: their kinds, the contract calls they make and the events they emit.

Besides plain payments, there is everything that a gateway must not mistake for a payment: failed transfers whose
arguments look like payments, tokens with the same name, prints that look like memos, and minted tokens.
"""

import hashlib
import math
from enum import StrEnum
from typing import assert_never

import msgspec

from sgate.chain.simulator import shown
from sgate.chain.simulator.shown import Shown
from sgate.chain.transfers import PRINT_TOPIC, TRANSFER_ACTION, PrintEvent, TokenEvent
from sgate.core.address import HASH160_BYTES, InvalidAddress, contract_of, encode, parse_principal
from sgate.core.memo import MAX_MEMO_BYTES

MAX_AMOUNT_SATS = 2**63 - 1
"""The maximum amount, far more than will ever exist. Amounts of the real token have 128 bits."""

MAX_TRANSFER_MANY_LEGS = 200
"""The limit of sbtc-token's `transfer-many`."""

ROUTER_FEE_USTX = 2_000_000
POST_CONDITION_FAILURE = "Post-condition check failure on fungible asset {asset}"
TRANSFER_ERROR_CODE = 1


def simulated_address(name: str) -> str:
    """Return the testnet address of a party that exists only in the simulation."""
    return encode(26, hashlib.sha256(name.encode()).digest()[:HASH160_BYTES])


PAYER = simulated_address("payer")
ROUTER = simulated_address("router") + ".pay-router-v1"
IMPOSTOR = simulated_address("impostor")
PEG = simulated_address("peg")


class Kind(StrEnum):
    """The kind of a transaction."""

    TRANSFER = "transfer"  # a direct call of the token's `transfer`
    TRANSFER_MANY = "transfer_many"  # a call of the token's `transfer-many` with all legs
    ROUTER = "router"  # a call of another contract, which also pays all legs
    ABORT_BY_RESPONSE = "abort_by_response"  # a failed transfer: nothing moved
    ABORT_BY_POST_CONDITION = "abort_by_post_condition"  # a transfer that was rolled back: nothing moved
    OTHER_ASSET = "other_asset"  # a transfer of a different token with the same name
    IMITATION = "imitation"  # another contract prints the memo; nothing moves
    IMITATION_AFTER_TRANSFER = "imitation_after_transfer"  # a transfer without a memo, then another contract prints one
    PEG_IN = "peg_in"  # sBTC is minted to the recipient
    STX = "stx"  # a transfer of STX


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer of the asset."""

    recipient: str
    amount_sats: int
    memo: bytes | None = None


class SimulatedTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction to submit.

    Attributes:
        recipient, amount_sats, memo: the first leg, usually the only one.
        more: further legs, for TRANSFER_MANY and ROUTER.
        not_before: Unix time from which the transaction is visible; None for immediately.
    """

    recipient: str
    amount_sats: int
    memo: bytes | None = None
    sender: str = PAYER
    kind: Kind = Kind.TRANSFER
    more: tuple[Leg, ...] = ()
    not_before: float | None = None

    @property
    def legs(self) -> tuple[Leg, ...]:
        """All legs, including the first."""
        return (Leg(recipient=self.recipient, amount_sats=self.amount_sats, memo=self.memo), *self.more)


class RefusedTransfer(ValueError):
    """The transaction could not exist on a real chain; the message says why."""


class StxEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer of STX."""

    event_index: int
    sender: str
    recipient: str
    amount: str


class ShownPrint(PrintEvent, frozen=True, kw_only=True):
    """A print event, with the text that the API shows for its value."""

    text: str


SimulatedEvent = StxEvent | TokenEvent | ShownPrint


class Argument(msgspec.Struct, frozen=True):
    """An argument of a contract call."""

    name: str
    type: str
    value: Shown


class Call(msgspec.Struct, frozen=True):
    """A contract call."""

    contract: str
    function: str
    arguments: tuple[Argument, ...]

    @property
    def signature(self) -> str:
        """The definition of the function as the API shows it."""
        arguments = "".join(f" ({argument.name} {argument.type})" for argument in self.arguments)
        return f"(define-public ({self.function}{arguments}))"


def check(transfer: SimulatedTransfer) -> None:
    """Raise if no chain would accept the transaction.

    Raises:
        RefusedTransfer: if an address, an amount, a memo, `not_before` or the number of legs is not possible.
    """
    if transfer.more and transfer.kind not in (Kind.TRANSFER_MANY, Kind.ROUTER):
        raise RefusedTransfer("only transfer_many and router can have more than one leg")
    if len(transfer.legs) > MAX_TRANSFER_MANY_LEGS:
        raise RefusedTransfer(f"a transaction can have at most {MAX_TRANSFER_MANY_LEGS} legs")
    if transfer.not_before is not None and not math.isfinite(transfer.not_before):
        raise RefusedTransfer("not_before must be a Unix time")
    try:
        _check_sender(transfer.sender)
        for leg in transfer.legs:
            _check_leg(leg, transfer.sender)
    except InvalidAddress as problem:
        raise RefusedTransfer(f"{problem}") from None


def _check_sender(sender: str) -> None:
    principal = parse_principal(sender)
    if principal.contract_name is not None or str(principal) != sender:
        raise RefusedTransfer("the sender of a transaction must be a wallet address")


def _check_leg(leg: Leg, sender: str) -> None:
    if str(parse_principal(leg.recipient)) != leg.recipient:
        raise RefusedTransfer("the recipient's address is not in canonical form")
    if leg.recipient == sender:
        raise RefusedTransfer("sender and recipient are the same (the token returns err u2)")
    if not 1 <= leg.amount_sats <= MAX_AMOUNT_SATS:
        raise RefusedTransfer("an amount must be between 1 and 2^63 - 1 sats")
    if leg.memo is not None and len(leg.memo) > MAX_MEMO_BYTES:
        raise RefusedTransfer(f"a memo can have at most {MAX_MEMO_BYTES} bytes")


def status_of(kind: Kind) -> str:
    """Return the `tx_status` of a mined transaction of this kind."""
    match kind:
        case Kind.ABORT_BY_RESPONSE | Kind.ABORT_BY_POST_CONDITION:
            return kind.value
        case _:
            return "success"


def result_of(transfer: SimulatedTransfer) -> Shown:
    """Return the result of a transaction.

    A transfer rolled back by a post-condition still has the result `ok`.
    """
    match transfer.kind:
        case Kind.ABORT_BY_RESPONSE:
            return shown.err(shown.uint(TRANSFER_ERROR_CODE))
        case Kind.TRANSFER_MANY:
            return shown.ok(shown.uint(len(transfer.legs)))
        case _:
            return shown.ok(shown.TRUE)


def call_of(transfer: SimulatedTransfer, asset: str) -> Call | None:
    """Return the contract call of a transaction, or None if it makes none."""
    token = contract_of(asset)
    match transfer.kind:
        case Kind.TRANSFER | Kind.ABORT_BY_RESPONSE | Kind.ABORT_BY_POST_CONDITION:
            return _transfer_call(token, transfer)
        case Kind.OTHER_ASSET:
            return _transfer_call(contract_of(other_asset(asset)), transfer)
        case Kind.TRANSFER_MANY:
            legs = shown.list_of([_leg_tuple(leg, transfer.sender) for leg in transfer.legs])
            leg_type = "(tuple (amount uint) (memo (optional (buff 34))) (sender principal) (to principal))"
            return Call(token, "transfer-many", (Argument("recipients", f"(list 200 {leg_type})", legs),))
        case Kind.ROUTER:
            recipients = shown.list_of([shown.principal(leg.recipient) for leg in transfer.legs])
            total = shown.uint(sum(leg.amount_sats for leg in transfer.legs))
            arguments = (Argument("amount", "uint", total), Argument("recipients", "(list 10 principal)", recipients))
            return Call(ROUTER, "swap-and-pay", arguments)
        case Kind.IMITATION | Kind.IMITATION_AFTER_TRANSFER:
            memo = Argument("memo", "(buff 34)", shown.buffer(transfer.memo or b""))
            return Call(f"{IMPOSTOR}.imitation", "say", (memo,))
        case Kind.PEG_IN:
            arguments = (
                Argument("amount", "uint", shown.uint(transfer.amount_sats)),
                Argument("recipient", "principal", shown.principal(transfer.recipient)),
            )
            return Call(f"{PEG}.sbtc-deposit", "complete-deposit-wrapper", arguments)
        case Kind.STX:
            return None
        case _:
            assert_never(transfer.kind)


def other_asset(asset: str) -> str:
    """Return an asset with the same contract and asset names, deployed by another party."""
    return f"{IMPOSTOR}.{contract_of(asset).partition('.')[2]}::{asset.partition('::')[2]}"


def _transfer_call(contract: str, transfer: SimulatedTransfer) -> Call:
    memo = None if transfer.memo is None else shown.buffer(transfer.memo)
    return Call(
        contract,
        "transfer",
        (
            Argument("amount", "uint", shown.uint(transfer.amount_sats)),
            Argument("sender", "principal", shown.principal(transfer.sender)),
            Argument("recipient", "principal", shown.principal(transfer.recipient)),
            Argument("memo", "(optional (buff 34))", shown.optional(memo)),
        ),
    )


def _leg_tuple(leg: Leg, sender: str) -> Shown:
    memo = None if leg.memo is None else shown.buffer(leg.memo)
    return shown.tuple_of(
        {
            "amount": shown.uint(leg.amount_sats),
            "memo": shown.optional(memo),
            "sender": shown.principal(sender),
            "to": shown.principal(leg.recipient),
        }
    )


class _Emitter:
    """Collects a transaction's events and numbers them."""

    def __init__(self) -> None:
        self.events: list[SimulatedEvent] = []

    def stx(self, sender: str, recipient: str, amount_ustx: int) -> None:
        index = len(self.events)
        self.events.append(StxEvent(event_index=index, sender=sender, recipient=recipient, amount=str(amount_ustx)))

    def token(self, asset: str, action: str, sender: str | None, leg: Leg) -> None:
        event = TokenEvent(
            event_index=len(self.events),
            asset=asset,
            action=action,
            sender=sender,
            recipient=leg.recipient,
            amount=str(leg.amount_sats),
        )
        self.events.append(event)

    def printed(self, contract: str, value: Shown) -> None:
        event = ShownPrint(
            event_index=len(self.events),
            contract=contract,
            topic=PRINT_TOPIC,
            value_hex=value.hex,
            text=value.text,
        )
        self.events.append(event)

    def transfer(self, asset: str, sender: str, leg: Leg) -> None:
        """Emit the events of the token's `transfer`."""
        self.token(asset, TRANSFER_ACTION, sender, leg)
        if leg.memo is not None:
            self.printed(contract_of(asset), shown.buffer(leg.memo))


def events_of(transfer: SimulatedTransfer, asset: str) -> tuple[SimulatedEvent, ...]:  # noqa: C901 - a table
    """Return the events of a mined transaction, numbered from 0. A failed transaction has none."""
    emit, sender = _Emitter(), transfer.sender
    match transfer.kind:
        case Kind.TRANSFER | Kind.TRANSFER_MANY:
            for leg in transfer.legs:
                emit.transfer(asset, sender, leg)
        case Kind.ROUTER:
            emit.stx(sender, ROUTER, ROUTER_FEE_USTX)
            for leg in transfer.legs:
                emit.transfer(asset, sender, leg)
            emit.printed(ROUTER, router_report(transfer))
        case Kind.ABORT_BY_RESPONSE | Kind.ABORT_BY_POST_CONDITION:
            pass
        case Kind.OTHER_ASSET:
            emit.transfer(other_asset(asset), sender, transfer.legs[0])
        case Kind.IMITATION:
            emit.printed(f"{IMPOSTOR}.imitation", shown.buffer(transfer.memo or b""))
        case Kind.IMITATION_AFTER_TRANSFER:
            emit.token(asset, TRANSFER_ACTION, sender, transfer.legs[0])
            emit.printed(f"{IMPOSTOR}.imitation", shown.buffer(transfer.memo or b""))
        case Kind.PEG_IN:
            emit.token(asset, "mint", None, transfer.legs[0])
            emit.printed(f"{PEG}.sbtc-registry", shown.tuple_of({"amount": shown.uint(transfer.amount_sats)}))
        case Kind.STX:
            emit.stx(sender, transfer.recipient, transfer.amount_sats)
        case _:
            assert_never(transfer.kind)
    return tuple(emit.events)


def router_report(transfer: SimulatedTransfer) -> Shown:
    """Return the value that the router's contract prints at the end."""
    return shown.tuple_of(
        {
            "count": shown.uint(len(transfer.legs)),
            "payer": shown.principal(transfer.sender),
            "topic": shown.ascii_string("swap-and-pay"),
        }
    )
