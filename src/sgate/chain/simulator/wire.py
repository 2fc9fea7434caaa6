"""The simulated chain in the format of the Stacks API: JSON bodies with the same fields as those of a real server.

Fields without a meaning in a simulation (execution costs, fees, microblocks) have constant values that are possible on
a Nakamoto chain.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, assert_never

from sgate.chain.simulator import shown
from sgate.chain.simulator.blocks import NAKAMOTO_MICROBLOCK, Block
from sgate.chain.simulator.history import LogEntry, SimulatedTx
from sgate.chain.simulator.transactions import (
    POST_CONDITION_FAILURE,
    Call,
    Kind,
    SimulatedEvent,
    StxEvent,
    call_of,
    result_of,
)
from sgate.chain.simulator.view import DROPPED, PENDING, Page, View
from sgate.chain.transfers import PrintEvent, TokenEvent

Json = dict[str, Any]

SERVER_VERSION = "stacks-blockchain-api v9.0.2 (simulated)"
FEE_USTX = "3000"
EMPTY_STX_MEMO = "0x" + "00" * 34
EXECUTION_COST: Json = {
    "execution_cost_read_count": 5,
    "execution_cost_read_length": 1200,
    "execution_cost_runtime": 9000,
    "execution_cost_write_count": 2,
    "execution_cost_write_length": 60,
}


def status(view: View) -> Json:
    """Return the body of `/extended`."""
    tip = view.tip
    return {
        "server_version": SERVER_VERSION,
        "status": "ready",
        "chain_tip": {
            "block_height": tip.height,
            "block_hash": tip.block_hash,
            "index_block_hash": tip.index_block_hash,
            "burn_block_height": view.bitcoin_height,
        },
    }


def block(found: Block) -> Json:
    """Return a block of `/extended/v2/blocks`."""
    return {
        "canonical": True,
        "height": found.height,
        "hash": found.block_hash,
        "block_time": found.time,
        "block_time_iso": iso(found.time),
        "tenure_height": found.tenure_height,
        "index_block_hash": found.index_block_hash,
        "parent_block_hash": found.parent_hash,
        "parent_index_block_hash": found.parent_index_hash,
        "burn_block_time": found.bitcoin.time,
        "burn_block_time_iso": iso(found.bitcoin.time),
        "burn_block_hash": found.bitcoin.hash,
        "burn_block_height": found.bitcoin.height,
        "miner_txid": found.bitcoin.miner_txid,
        "tx_count": len(found.tx_ids),
        **EXECUTION_COST,
    }


def block_page(page: Page[Block], limit: int, offset: int) -> Json:
    """Return a page of `/extended/v2/blocks`."""

    def cursor(found: Block | None) -> str | None:
        return None if found is None else found.index_block_hash

    return {
        "limit": limit,
        "offset": offset,
        "total": page.total,
        "next_cursor": cursor(page.newer),
        "prev_cursor": cursor(page.older),
        "cursor": cursor(page.items[0] if page.items else None),
        "results": [block(item) for item in page.items],
    }


def log_page(page: Page[LogEntry], view: View, limit: int, offset: int) -> Json:
    """Return a page of `/extended/v2/smart-contracts/{id}/logs`."""

    def cursor(entry: LogEntry | None) -> str | None:
        return None if entry is None else entry.cursor

    return {
        "limit": limit,
        "offset": offset,
        "total": page.total,
        "next_cursor": cursor(page.newer),
        "prev_cursor": cursor(page.older),
        "cursor": cursor(page.items[0] if page.items else None),
        "results": [_log(entry, view.token) for entry in page.items],
    }


def _log(entry: LogEntry, token: str) -> Json:
    value = shown.buffer(entry.log.memo)
    return {
        "event_index": entry.log.event_index,
        "event_type": "smart_contract_log",
        "tx_id": entry.log.tx_id,
        "contract_log": {
            "contract_id": token,
            "topic": "print",
            "value": {"hex": value.hex, "repr": value.text},
        },
    }


def tx_entry(view: View, tx_id: str, event_limit: int, event_offset: int) -> Json:
    """Return an entry of `/extended/v1/tx/multiple`."""
    tx = view.tx(tx_id)
    if tx is None:
        return {"found": False, "result": {"tx_id": tx_id}}
    state = view.status_of(tx)
    found = view.block_of(tx)
    result = _tx_base(tx, view.asset)
    if state in (PENDING, DROPPED) or found is None:
        result |= _unmined(tx, state)
    else:
        result |= _mined(view, tx, found, state)
        result["events"] = [v1_event(tx, event) for event in tx.events[event_offset : event_offset + event_limit]]
    return {"found": True, "result": result | _payload(tx, view.asset)}


def _tx_base(tx: SimulatedTx, asset: str) -> Json:
    calls_token = tx.transfer.kind in (
        Kind.TRANSFER,
        Kind.TRANSFER_MANY,
        Kind.ABORT_BY_RESPONSE,
        Kind.ABORT_BY_POST_CONDITION,
    )
    return {
        "tx_id": tx.tx_id,
        "nonce": tx.nonce,
        "fee_rate": FEE_USTX,
        "sender_address": tx.transfer.sender,
        "sponsored": False,
        "post_condition_mode": "deny" if calls_token else "allow",
        "post_conditions": [_post_condition(tx, asset)] if calls_token else [],
        "anchor_mode": "any",
    }


def _post_condition(tx: SimulatedTx, asset: str) -> Json:
    contract, _, asset_name = asset.partition("::")
    address, _, contract_name = contract.partition(".")
    broken = tx.transfer.kind is Kind.ABORT_BY_POST_CONDITION
    amount_sats = 1 if broken else sum(leg.amount_sats for leg in tx.transfer.legs)
    return {
        "principal": {"type_id": "principal_standard", "address": tx.transfer.sender},
        "condition_code": "sent_equal_to",
        "amount": str(amount_sats),
        "type": "fungible",
        "asset": {"asset_name": asset_name, "contract_address": address, "contract_name": contract_name},
    }


def _unmined(tx: SimulatedTx, state: str) -> Json:
    received_at = int(tx.received_at)
    return {
        "tx_status": state,
        "replaced_by_tx_id": tx.replaced_by,
        "receipt_time": received_at,
        "receipt_time_iso": iso(received_at),
    }


def _mined(view: View, tx: SimulatedTx, found: Block, state: str) -> Json:
    result = result_of(tx.transfer)
    parent = view.parent_of(found)
    parent_bitcoin_time = found.bitcoin.time if parent is None else parent.bitcoin.time
    failure = POST_CONDITION_FAILURE.format(asset=view.asset)
    return {
        "block_hash": found.block_hash,
        "block_height": found.height,
        "block_time": found.time,
        "block_time_iso": iso(found.time),
        "burn_block_time": found.bitcoin.time,
        "burn_block_height": found.bitcoin.height,
        "burn_block_time_iso": iso(found.bitcoin.time),
        "parent_burn_block_time": parent_bitcoin_time,
        "parent_burn_block_time_iso": iso(parent_bitcoin_time),
        "canonical": True,
        "tx_index": tx.tx_index,
        "tx_status": state,
        "tx_result": {"hex": result.hex, "repr": result.text},
        "event_count": len(tx.events),
        "parent_block_hash": found.parent_hash,
        "is_unanchored": False,
        "microblock_hash": "0x",
        "microblock_sequence": NAKAMOTO_MICROBLOCK,
        "microblock_canonical": True,
        **EXECUTION_COST,
        "vm_error": failure if tx.transfer.kind is Kind.ABORT_BY_POST_CONDITION else None,
    }


def _payload(tx: SimulatedTx, asset: str) -> Json:
    call = call_of(tx.transfer, asset)
    if call is None:
        transfer = {
            "recipient_address": tx.transfer.recipient,
            "amount": str(tx.transfer.amount_sats),
            "memo": EMPTY_STX_MEMO,
        }
        return {"tx_type": "token_transfer", "token_transfer": transfer}
    return {"tx_type": "contract_call", "contract_call": _contract_call(call)}


def _contract_call(call: Call) -> Json:
    return {
        "contract_id": call.contract,
        "function_name": call.function,
        "function_signature": call.signature,
        "function_args": [
            {
                "hex": argument.value.hex,
                "repr": argument.value.text,
                "name": argument.name,
                "type": argument.type,
            }
            for argument in call.arguments
        ],
    }


def v1_event(tx: SimulatedTx, event: SimulatedEvent) -> Json:
    """Return an event in the format of `/extended/v1/tx/multiple`."""
    head: Json = {"event_index": event.event_index}
    match event:
        case StxEvent():
            asset: Json = {"asset_event_type": "transfer", "sender": event.sender, "recipient": event.recipient}
            asset["amount"] = event.amount
            if tx.transfer.kind is Kind.STX:
                asset["memo"] = EMPTY_STX_MEMO
            return head | {"event_type": "stx_asset", "tx_id": tx.tx_id, "asset": asset}
        case TokenEvent():
            asset = {"asset_event_type": event.action, "asset_id": event.asset, "sender": event.sender or ""}
            asset |= {"recipient": event.recipient or "", "amount": event.amount}
            return head | {"event_type": "fungible_token_asset", "tx_id": tx.tx_id, "asset": asset}
        case PrintEvent():
            log = _printed(event.contract, event.topic, event.value_hex, event.text)
            return head | {"event_type": "smart_contract_log", "tx_id": tx.tx_id, "contract_log": log}
        case _:
            assert_never(event)


def v3_event(tx: SimulatedTx, event: SimulatedEvent) -> Json:
    """Return an event in the format of `/extended/v3/transactions/{id}/events`."""
    head: Json = {"event_index": event.event_index}
    match event:
        case StxEvent():
            moved: Json = {"type": "transfer", "sender": event.sender, "recipient": event.recipient}
            moved |= {"amount": event.amount, "memo": EMPTY_STX_MEMO if tx.transfer.kind is Kind.STX else None}
            return head | {"type": "stx_asset", "stx_asset": moved}
        case TokenEvent():
            moved = {"type": event.action, "asset_identifier": event.asset}
            if event.sender is not None:
                moved["sender"] = event.sender
            moved |= {"recipient": event.recipient, "amount": event.amount}
            return head | {"type": "ft_asset", "ft_asset": moved}
        case PrintEvent():
            log = _printed(event.contract, event.topic, event.value_hex, event.text)
            return head | {"type": "contract_log", "contract_log": log}
        case _:
            assert_never(event)


def _printed(contract: str, topic: str, value_hex: str, text: str) -> Json:
    return {"contract_id": contract, "topic": topic, "value": {"hex": value_hex, "repr": text}}


def v3_events(tx: SimulatedTx, start: int, limit: int) -> Json:
    """Return a page of `/extended/v3/transactions/{id}/events` in ascending order; the cursor is an event index."""
    items: Sequence[SimulatedEvent] = tx.events[start : start + limit]
    more = start + limit < len(tx.events)
    return {
        "total": len(tx.events),
        "limit": limit,
        "cursor": {
            "next": str(start + limit) if more else None,
            "previous": str(max(0, start - limit)) if start else None,
            "current": str(start) if items else None,
        },
        "results": [v3_event(tx, event) for event in items],
    }


def iso(unix_s: int) -> str:
    """Return a time in the format of the API."""
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
