"""Translation of events and call arguments, in the formats of both API versions, into common types."""

from collections.abc import Iterable, Iterator

from sgate.chain.clarity import Buffer, InvalidClarity, OptionalValue, PrincipalValue, UInt, Value, decode_hex
from sgate.chain.hiro.decoding import ContractCallAnswer, EventAnswer, EventV3Answer
from sgate.chain.source import ChainUnavailable, Transfer
from sgate.chain.transfers import PrintEvent, TokenEvent

TRANSFER_FUNCTION = "transfer"


def broken(endpoint: str, tx_id: str, problem: str) -> ChainUnavailable:
    """Return the error for a response about a transaction that contradicts itself or an earlier response."""
    return ChainUnavailable(f"{endpoint}: {tx_id}: {problem}")


def events_of(events: Iterable[EventAnswer]) -> Iterator[TokenEvent | PrintEvent]:
    """Yield the token and print events of `/extended/v1/tx/multiple`."""
    for event in events:
        if event.event_type == "fungible_token_asset" and (asset := event.asset) is not None:
            yield TokenEvent(
                event_index=event.event_index,
                asset=asset.asset_id or "",
                action=asset.asset_event_type or "",
                sender=asset.sender,
                recipient=asset.recipient,
                amount=asset.amount or "",
            )
        elif event.event_type == "smart_contract_log" and (log := event.contract_log) is not None:
            yield PrintEvent(
                event_index=event.event_index, contract=log.contract_id, topic=log.topic, value_hex=log.value.hex
            )


def events_of_v3(events: Iterable[EventV3Answer]) -> Iterator[TokenEvent | PrintEvent]:
    """Yield the token and print events of `/extended/v3/transactions/{id}/events`."""
    for event in events:
        if event.type == "ft_asset" and (asset := event.ft_asset) is not None:
            yield TokenEvent(
                event_index=event.event_index,
                asset=asset.asset_identifier,
                action=asset.type,
                sender=asset.sender,
                recipient=asset.recipient,
                amount=asset.amount or "",
            )
        elif event.type == "contract_log" and (log := event.contract_log) is not None:
            yield PrintEvent(
                event_index=event.event_index, contract=log.contract_id, topic=log.topic, value_hex=log.value.hex
            )


def intention_of(call: ContractCallAnswer | None, token_contract: str) -> Transfer | None:
    """Return the transfer that a direct call to the token's `transfer` would make, or None for any other call."""
    if call is None or call.contract_id != token_contract or call.function_name != TRANSFER_FUNCTION:
        return None
    try:
        arguments = [decode_hex(argument.hex) for argument in call.function_args or ()]
    except InvalidClarity:
        return None
    match arguments:
        case [UInt(amount), PrincipalValue(sender), PrincipalValue(recipient), OptionalValue(memo)]:
            return Transfer(
                event_index=0,
                amount_sats=amount,
                sender=str(sender),
                recipient=str(recipient),
                memo=_memo(memo),
            )
        case _:
            return None


def _memo(value: Value | None) -> bytes | None:
    return value.data if isinstance(value, Buffer) else None
