"""Changing the key for secrets at rest: what an older key encrypted is encrypted anew under the first.

Answers kept for idempotency keys are left: they are gone after a day anyway.
"""

import msgspec

from sgate.db.encryption import Cipher, UndecryptableSecret
from sgate.db.pool import Pool
from sgate.store import webhook_endpoints

BATCH = 200


class Reencrypted(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass came to: endpoints under the first key now, and those whose key is missing."""

    changed: int = 0
    lost: int = 0


async def reencrypt(pool: Pool, cipher: Cipher) -> Reencrypted:
    """Bring all webhook secrets under the first key. May be run at any time, by anyone, again and again."""
    changed, lost, after = 0, 0, ""
    async with pool.acquire() as connection:
        while found := await webhook_endpoints.old_secrets(connection, cipher.key_ids[0], after, BATCH):
            for endpoint_id, secret, previous in found:
                try:
                    anew = cipher.encrypt(cipher.decrypt(secret)), _anew(cipher, previous)
                except UndecryptableSecret:
                    lost += 1
                    continue
                changed += await webhook_endpoints.reencrypt(connection, endpoint_id, (secret, previous), anew)
            after = found[-1][0]
    return Reencrypted(changed=changed, lost=lost)


def _anew(cipher: Cipher, previous: bytes | None) -> bytes | None:
    return None if previous is None else cipher.encrypt(cipher.decrypt(previous))
