"""Rotation of SGATE_SECRET_KEYS: secrets are re-encrypted with the first key; undecryptable ones are counted."""

import pytest

from sgate.db.encryption import Cipher, UndecryptableSecret
from sgate.services.secret_rotation import Reencrypted, reencrypt
from sgate.store import webhook_endpoints
from workers.webhooks.outbox import Outbox

OLD, NEW, LOST = "the old key", "the new key", "a missing key"


async def stored(pool, endpoint_id):
    async with pool.acquire() as connection:
        return await connection.fetchrow(
            "SELECT secret_encrypted, previous_secret_encrypted FROM webhook_endpoints WHERE id = $1", endpoint_id
        )


async def test_secrets_are_reencrypted_with_the_first_key_and_the_old_one_is_no_longer_needed(pool):
    outbox, old = await Outbox.open(pool), Cipher([OLD])
    plain = await outbox.endpoint("https://shop.example/1", cipher=old)
    rotated = await outbox.endpoint("https://shop.example/2", cipher=old)
    lost = await outbox.endpoint("https://shop.example/3", cipher=Cipher([LOST]))
    async with pool.acquire() as connection:
        await webhook_endpoints.rotate(connection, rotated, Cipher([NEW]).encrypt(b"whsec_new"), await outbox.now())
        assert await webhook_endpoints.count_undecryptable_secrets(connection, Cipher([NEW, OLD]).key_ids) == 1
    both, new = Cipher([NEW, OLD]), Cipher([NEW])
    assert await reencrypt(pool, both) == Reencrypted(changed=2, lost=1)
    assert await reencrypt(pool, both) == Reencrypted(changed=0, lost=1), "there is nothing left to do"
    assert new.decrypt((await stored(pool, plain))[0]).decode() == outbox.secrets[plain]
    secret, previous = await stored(pool, rotated)
    assert (new.decrypt(secret), new.decrypt(previous).decode()) == (b"whsec_new", outbox.secrets[rotated])
    with pytest.raises(UndecryptableSecret):
        both.decrypt((await stored(pool, lost))[0])


async def test_a_secret_that_is_rotated_concurrently_is_not_overwritten(pool):
    outbox, old = await Outbox.open(pool), Cipher([OLD])
    endpoint = await outbox.endpoint("https://shop.example/", cipher=old)
    before = tuple(await stored(pool, endpoint))
    async with pool.acquire() as connection:
        await webhook_endpoints.rotate(connection, endpoint, old.encrypt(b"whsec_new"), await outbox.now())
        assert not await webhook_endpoints.reencrypt(connection, endpoint, before, (b"other", None))
    assert old.decrypt((await stored(pool, endpoint))[0]) == b"whsec_new"
