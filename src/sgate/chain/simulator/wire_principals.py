"""The transactions of a principal in the format of version 3 of the API."""

from typing import Any

from sgate.chain.simulator.blocks import NAKAMOTO_MICROBLOCK
from sgate.chain.simulator.history import SimulatedTx
from sgate.chain.simulator.transactions import StxEvent, call_of
from sgate.chain.simulator.view import Page, View
from sgate.chain.simulator.wire import EMPTY_STX_MEMO, FEE_USTX
from sgate.chain.transfers import TokenEvent

Json = dict[str, Any]


def principal_page(page: Page[SimulatedTx], view: View, principal: str, limit: int) -> Json:
    """Return a page of `/extended/v3/principals/{principal}/transactions`; `next` leads to older items."""

    def cursor(tx: SimulatedTx | None) -> str | None:
        block = None if tx is None else tx.block
        return None if tx is None or block is None else f"{block.height}:{NAKAMOTO_MICROBLOCK}:{tx.tx_index}"

    return {
        "total": page.total,
        "limit": limit,
        "cursor": {
            "next": cursor(page.older),
            "previous": cursor(page.newer),
            "current": cursor(page.items[0] if page.items else None),
        },
        "results": [_involvement(tx, view, principal) for tx in page.items],
    }


def _involvement(tx: SimulatedTx, view: View, principal: str) -> Json:
    stx = [event for event in tx.events if isinstance(event, StxEvent)]
    sent = sum(int(event.amount) for event in stx if event.sender == principal)
    received = sum(int(event.amount) for event in stx if event.recipient == principal)
    tokens = (event for event in tx.events if isinstance(event, TokenEvent))
    return {
        "transaction": _summary(tx, view),
        "involvement": "affected",
        "balance_changes": {"stx": {"sent": str(sent), "received": str(received), "net": str(received - sent)}},
        "affected_balances": {
            "stx": any(principal in (event.sender, event.recipient) for event in stx),
            "ft": any(principal in (event.sender, event.recipient) for event in tokens),
            "nft": False,
        },
    }


def _summary(tx: SimulatedTx, view: View) -> Json:
    block = view.block_of(tx)
    if block is None:
        raise LookupError("only mined transactions are listed")
    summary: Json = {
        "tx_id": tx.tx_id,
        "sender": {"address": tx.transfer.sender, "nonce": tx.nonce},
        "sponsor": None,
        "fee_rate": FEE_USTX,
        "block": {
            "height": block.height,
            "hash": block.block_hash,
            "index_hash": block.index_block_hash,
            "time": block.time,
            "tx_index": tx.tx_index,
        },
        "bitcoin_block": {"height": block.bitcoin.height, "time": block.bitcoin.time},
        "status": view.status_of(tx),
    }
    call = call_of(tx.transfer, view.asset)
    if call is not None:
        return summary | {
            "type": "contract_call",
            "contract_call": {"contract_id": call.contract, "function_name": call.function},
        }
    memo = {"hex": EMPTY_STX_MEMO, "repr": ""}
    moved = {"recipient": tx.transfer.recipient, "amount": str(tx.transfer.amount_sats), "memo": memo}
    return summary | {"type": "token_transfer", "token_transfer": moved}
