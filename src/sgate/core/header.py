"""A block's header: what links one block to the next."""

from datetime import datetime

import msgspec


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """One Stacks block's header. Hashes are `0x` + 64 hex; `time` is the block's own time, UTC.

    `index_block_hash` identifies a block together with its history; `block_hash` is what transactions are listed under.
    """

    height: int
    block_hash: str
    index_block_hash: str
    parent_index_block_hash: str
    time: datetime
    tenure_height: int
    bitcoin_height: int
