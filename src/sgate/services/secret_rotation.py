"""Rotation of the encryption keys: secrets encrypted with an older key are encrypted again with the first key.

The stored answers of idempotency keys are skipped, because they expire within a day.
"""

import msgspec

from sgate.db.encryption import Cipher, UndecryptableSecret
from sgate.db.pool import Pool
from sgate.store import webhook_endpoints

BATCH = 200


class Reencrypted(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one pass.

    Attributes:
        changed: number of endpoints that were re-encrypted with the first key.
        lost: number of endpoints whose secrets cannot be decrypted, because their key is missing.
    """

    changed: int = 0
    lost: int = 0


async def reencrypt(pool: Pool, cipher: Cipher) -> Reencrypted:
    """Encrypt all webhook secrets with the first key. This is idempotent and safe to run concurrently."""
    changed, lost, after = 0, 0, ""
    async with pool.acquire() as connection:
        while found := await webhook_endpoints.old_secrets(connection, cipher.key_ids[0], after, BATCH):
            for endpoint_id, secret, previous in found:
                try:
                    renewed = cipher.encrypt(cipher.decrypt(secret)), _reencrypted(cipher, previous)
                except UndecryptableSecret:
                    lost += 1
                    continue
                changed += await webhook_endpoints.reencrypt(connection, endpoint_id, (secret, previous), renewed)
            after = found[-1][0]
    return Reencrypted(changed=changed, lost=lost)


def _reencrypted(cipher: Cipher, previous: bytes | None) -> bytes | None:
    return None if previous is None else cipher.encrypt(cipher.decrypt(previous))
