"""The responses of the Stacks API, the parts that sGate reads.

Only the fields that sGate needs are declared; all others are skipped. Hashes, heights and times are validated during
decoding, so invalid values get no further than this module.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

MAX_BIGINT = 2**63 - 1
LATEST_YEAR_9999_S = 253_402_300_799

Hash = Annotated[str, Meta(pattern=r"^0x[0-9a-f]{64}\Z")]
Count = Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
UnixTime = Annotated[int, Meta(ge=0, le=LATEST_YEAR_9999_S)]


class BlockAnswer(msgspec.Struct, frozen=True):
    """A block of `/extended/v2/blocks`."""

    canonical: bool
    height: Count
    hash: Hash
    index_block_hash: Hash
    parent_index_block_hash: Hash
    block_time: UnixTime | None
    burn_block_time: UnixTime
    tenure_height: Count
    burn_block_height: Count

    @property
    def time(self) -> int:
        """The block's own time or, if that is null, as in blocks before Stacks 3.0, the time of its Bitcoin block."""
        return self.burn_block_time if self.block_time is None else self.block_time


class BlocksAnswer(msgspec.Struct, frozen=True):
    """A page of `/extended/v2/blocks`; `prev_cursor` leads to OLDER blocks."""

    results: list[BlockAnswer]
    prev_cursor: str | None = None


class ValueAnswer(msgspec.Struct, frozen=True):
    """A Clarity value."""

    hex: str


class LogAnswer(msgspec.Struct, frozen=True):
    """A value printed by a contract."""

    contract_id: str
    topic: str
    value: ValueAnswer


class LogItem(msgspec.Struct, frozen=True):
    """One event of `/extended/v2/smart-contracts/{id}/logs`."""

    tx_id: Hash
    event_index: Count
    contract_log: LogAnswer | None = None


class LogsAnswer(msgspec.Struct, frozen=True):
    """A page of logs; `prev_cursor` leads to OLDER logs."""

    results: list[LogItem]
    prev_cursor: str | None = None


class AssetAnswer(msgspec.Struct, frozen=True):
    """A movement of an asset. STX, tokens and NFTs share this format; only fungible tokens are read."""

    asset_event_type: str | None = None
    asset_id: str | None = None
    sender: str | None = None
    recipient: str | None = None
    amount: str | None = None


class EventAnswer(msgspec.Struct, frozen=True):
    """An event of `/extended/v1/tx/multiple`."""

    event_index: Count
    event_type: str
    asset: AssetAnswer | None = None
    contract_log: LogAnswer | None = None


class FtAssetAnswer(msgspec.Struct, frozen=True):
    """A movement of a fungible token, in the format of version 3."""

    type: str
    asset_identifier: str
    sender: str | None = None
    recipient: str | None = None
    amount: str | None = None


class EventV3Answer(msgspec.Struct, frozen=True):
    """An event of `/extended/v3/transactions/{id}/events`."""

    event_index: Count
    type: str
    ft_asset: FtAssetAnswer | None = None
    contract_log: LogAnswer | None = None


class CursorV3Answer(msgspec.Struct, frozen=True):
    """The cursor of the next page of a v3 list."""

    next: str | None = None


class EventsV3Answer(msgspec.Struct, frozen=True):
    """A page of `/extended/v3/transactions/{id}/events`, in ascending order."""

    total: Count
    cursor: CursorV3Answer
    results: list[EventV3Answer]


class PlaceAnswer(msgspec.Struct, frozen=True):
    """The block of a listed transaction."""

    height: Count


class ListedAnswer(msgspec.Struct, frozen=True):
    """A transaction in a list. Only mined transactions are listed."""

    tx_id: Hash
    block: PlaceAnswer


class AffectedAnswer(msgspec.Struct, frozen=True):
    """The kinds of the principal's balances that a transaction changed."""

    ft: bool


class InvolvementAnswer(msgspec.Struct, frozen=True):
    """One transaction of a principal."""

    transaction: ListedAnswer
    affected_balances: AffectedAnswer


class InvolvementsAnswer(msgspec.Struct, frozen=True):
    """A page of `/extended/v3/principals/{principal}/transactions`, newest first; `next` leads to OLDER items."""

    cursor: CursorV3Answer
    results: list[InvolvementAnswer]


class ContractCallAnswer(msgspec.Struct, frozen=True):
    """A contract call: the function and its arguments."""

    contract_id: str
    function_name: str
    function_args: list[ValueAnswer] | None = None


class TxAnswer(msgspec.Struct, frozen=True):
    """A transaction of `/extended/v1/tx/multiple`, in any status."""

    tx_id: Hash
    tx_status: str
    canonical: bool = False
    microblock_canonical: bool = True
    block_hash: str | None = None
    block_height: Count | None = None
    block_time: UnixTime | None = None
    burn_block_time: UnixTime | None = None
    tx_index: Count | None = None
    event_count: Count | None = None
    events: list[EventAnswer] = []
    receipt_time: UnixTime | None = None
    replaced_by_tx_id: Hash | None = None
    contract_call: ContractCallAnswer | None = None

    @property
    def time(self) -> int | None:
        """The time of the transaction's block, as in `BlockAnswer`; None if the transaction is in no block."""
        return self.burn_block_time if self.block_time is None else self.block_time


class TxEntry(msgspec.Struct, frozen=True):
    """The entry for one transaction id. If the id is unknown, `result` is an object without a status."""

    found: bool
    result: msgspec.Raw


class ErrorAnswer(msgspec.Struct, frozen=True):
    """An error response."""

    message: str = ""
