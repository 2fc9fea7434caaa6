"""A source that shows some transactions otherwise than the simulated chain made them.

What a contract does may depend on the block it runs in: mined again in another block, the same transaction can pay someone
else, another amount, or with another memo.
"""

import msgspec


class Rerouted:
    """The answers of `inner`; the transfers of transaction `tx_id` with the fields of `otherwise[tx_id]` replaced."""

    def __init__(self, inner):
        self._inner = inner
        self.otherwise = {}

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def transactions(self, tx_ids, **options):
        found = await self._inner.transactions(tx_ids, **options)
        return {tx_id: self._shown(tx_id, transaction) for tx_id, transaction in found.items()}

    def _shown(self, tx_id, transaction):
        fields = self.otherwise.get(tx_id)
        if fields is None:
            return transaction
        transfers = tuple(msgspec.structs.replace(transfer, **fields) for transfer in transaction.transfers)
        return msgspec.structs.replace(transaction, transfers=transfers)
