"""Only real attempts count: a deliverer that dies with a claim uses up none."""

import pytest

from sgate.core.retry import DEFAULT_WAITS_S, JITTER, Schedule
from workers.webhooks.outbox import Outbox, deliverer_on
from workers.webhooks.receiver import Receiver, response


@pytest.fixture
async def outbox(pool):
    return await Outbox.open(pool)


async def claims_are_lost(outbox, dead, times):
    for _ in range(times):
        assert len((await dead.claim())[1]) == 1  # and then nothing is ever heard of it
        await outbox.leases_run_out()


async def test_a_lost_claim_costs_no_attempt(pool, outbox):
    async with Receiver() as shop, deliverer_on(pool) as dead, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        await claims_are_lost(outbox, dead, 2)
        assert [row["attempts"] for row in await outbox.deliveries()] == [0]
        assert (await worker.run_once()).delivered == 1
    assert [row["attempts"] for row in await outbox.deliveries()] == [1]
    assert [row["attempt"] for row in await outbox.attempts()] == [1]


async def test_deliverers_that_died_and_one_refusal_do_not_give_an_event_up(pool, outbox):
    async with Receiver(response(503)) as shop, deliverer_on(pool) as dead, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        await claims_are_lost(outbox, dead, Schedule.DEFAULT.attempts - 1)
        report = await worker.run_once()
    assert (report.retried, report.failed) == (1, 0)
    (delivery,) = await outbox.deliveries()
    assert (delivery["status"], delivery["attempts"], delivery["response_status"]) == ("pending", 1, 503)
    assert 0 < delivery["due_in_s"] <= DEFAULT_WAITS_S[0] * (1 + JITTER), "the first wait of the schedule"


async def test_between_lost_claims_every_attempt_of_the_schedule_is_made(pool, outbox):
    async with Receiver(response(503)) as shop, deliverer_on(pool) as dead, deliverer_on(pool) as worker:
        await outbox.endpoint(shop.url)
        await outbox.event()
        for _ in range(Schedule.DEFAULT.attempts):
            await outbox.all_due()
            await claims_are_lost(outbox, dead, 1)
            await worker.run_once()
        assert len(shop.received) == Schedule.DEFAULT.attempts
    assert [row["attempt"] for row in await outbox.attempts()] == list(range(1, Schedule.DEFAULT.attempts + 1))
    assert [row["status"] for row in await outbox.deliveries()] == ["failed"]


async def test_releasing_a_claim_costs_no_attempt(pool, outbox):
    async with deliverer_on(pool) as leaving:
        await outbox.endpoint("http://127.0.0.1:1/hooks")
        await outbox.event()
        for _ in range(2):
            await leaving.release(*await leaving.claim())
    assert [row["attempts"] for row in await outbox.deliveries()] == [0]
