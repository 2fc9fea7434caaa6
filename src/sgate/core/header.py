"""The header of a block, which links it to its parent."""

from datetime import datetime

import msgspec


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a Stacks block. Hashes are `0x` + 64 hex; `time` is the block's own time, UTC.

    `index_block_hash` identifies a block together with its history. Transactions refer to their block by `block_hash`.
    """

    height: int
    block_hash: str
    index_block_hash: str
    parent_index_block_hash: str
    time: datetime
    tenure_height: int
    bitcoin_height: int
