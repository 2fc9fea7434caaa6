"""The snapshot of the deployment: queues, endpoints, chains, merchants."""

import pytest

from services.shop import open_shop
from sgate.db.encryption import Cipher
from sgate.store import chain_cursors, deployment_snapshot, webhook_endpoints
from workers.webhooks.outbox import CIPHER, Outbox

HOOKS = "http://127.0.0.1:1/hooks"
OTHER_KEY = Cipher(["another key of the tests, not that of the outbox"])


@pytest.fixture
async def connection(pool):
    async with pool.acquire() as connection:
        yield connection


async def test_an_empty_deployment_has_nothing_waiting(connection):
    seen = await deployment_snapshot.take(connection, CIPHER.key_ids)
    assert (seen.due, seen.held, seen.endpoints_without_key) == (deployment_snapshot.Waiting(), 0, 0)
    assert seen.endpoints == {"well": 0, "failing": 0, "disabled": 0}
    assert seen.ledger == {False: deployment_snapshot.Waiting(), True: deployment_snapshot.Waiting()}
    assert (seen.chains, seen.merchants) == ({}, {})
    assert seen.database_bytes > 1_000_000


async def test_due_deliveries_count_and_those_of_a_disabled_endpoint_do_not(pool, connection):
    outbox = await Outbox.open(pool)
    await outbox.endpoint(HOOKS)
    disabled = await outbox.endpoint(HOOKS)
    await outbox.event()
    await webhook_endpoints.disable(connection, disabled, "it is gone", await outbox.now())
    await connection.execute("UPDATE webhook_deliveries SET next_attempt_at = now() - interval '90 seconds'")
    seen = await deployment_snapshot.take(connection, CIPHER.key_ids)
    assert seen.due.count == 1
    assert 90 <= seen.due.oldest_s < 300
    assert seen.endpoints == {"well": 1, "failing": 0, "disabled": 1}
    assert seen.endpoints_disabled_last_hour == 1


async def test_an_endpoint_whose_key_is_missing_and_one_that_fails_are_reported(pool, connection):
    outbox = await Outbox.open(pool)
    failing = await outbox.endpoint(HOOKS)
    await outbox.endpoint(HOOKS, OTHER_KEY)
    await webhook_endpoints.mark_failing(connection, [failing], await outbox.now())
    seen = await deployment_snapshot.take(connection, CIPHER.key_ids)
    assert seen.endpoints == {"well": 1, "failing": 1, "disabled": 0}
    assert seen.endpoints_without_key == 1
    assert (
        await deployment_snapshot.take(connection, [*CIPHER.key_ids, *OTHER_KEY.key_ids])
    ).endpoints_without_key == 0


async def test_intents_queued_for_the_ledger_count_and_postponed_ones_do_not(pool, connection):
    shop = await open_shop(pool)
    first, second = await shop.intent(), await shop.intent()
    for intent, age in ((first, "-30 seconds"), (second, "1 minute")):
        await connection.execute(
            "INSERT INTO ledger_queue (payment_intent_id, livemode, queued_at) VALUES ($1, FALSE, now() + $2::text::interval)",
            intent,
            age,
        )
    waiting = (await deployment_snapshot.take(connection, CIPHER.key_ids)).ledger[False]
    assert waiting.count == 1
    assert 30 <= waiting.oldest_s < 200


async def test_merchants_are_active_who_made_an_intent_within_a_day(pool, connection):
    shop = await open_shop(pool)
    intent = await shop.intent()
    await Outbox.open(pool)
    await connection.execute("UPDATE payment_intents SET created_at = now() WHERE id = $1", intent)
    seen = await deployment_snapshot.take(connection, CIPHER.key_ids)
    assert (seen.merchants[False], seen.merchants_active[False]) == (2, 1)
    await connection.execute(
        "UPDATE payment_intents SET created_at = now() - interval '25 hours', expires_at = now() WHERE id = $1", intent
    )
    assert (await deployment_snapshot.take(connection, CIPHER.key_ids)).merchants_active[False] == 0


async def test_a_chain_that_was_opened_but_never_read_has_no_times(connection):
    await chain_cursors.ensure(connection, "simulated", livemode=False)
    [(mode, chain)] = (await deployment_snapshot.take(connection, CIPHER.key_ids)).chains.items()
    assert mode is False
    assert chain == deployment_snapshot.ModeSnapshot(scanned_at=None, checked_at=None, failing=False)
