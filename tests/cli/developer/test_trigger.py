"""`sgate trigger`: each event happens on a real server and its simulated chain."""

import pytest

from cli.terminal import Developer
from sgate.cli.developer import profiles
from sgate.cli.developer.client import open_client
from sgate.cli.developer.scenarios import SCENARIOS, Stage
from sgate.core.address import Network
from sgate.core.event import EventType
from web.site import open_real_site

pytestmark = pytest.mark.timeout(300)

BEFORE = {
    EventType.RECONFIRMED: [EventType.SUCCEEDED, EventType.REORGED],
    EventType.PAID_LATE: [EventType.EXPIRED],
    EventType.PAID_AFTER_CANCEL: [EventType.CANCELED],
    EventType.DUPLICATE_PAYMENT: [EventType.SUCCEEDED],
    EventType.FAILED: [EventType.PARTIALLY_PAID],
}
"""Events that must be announced before."""


def test_each_event_type_has_a_scenario():
    assert set(SCENARIOS) == set(EventType)


@pytest.mark.parametrize("kind", list(EventType), ids=[kind.value for kind in EventType])
async def test_the_event_happens(site, kind):
    key = await site.merchant()
    environment = {"SGATE_API_KEY": key, "SGATE_API_BASE_URL": site.base_url, "HOME": "/nonexistent"}
    said = []
    async with open_client(profiles.chosen(None, environment)) as client:
        stage = Stage(client, 25_000, 60.0, said.append)
        async with stage.watched():
            came = await SCENARIOS[kind](stage)
        found = await client.get(f"/v1/events/{came.id}")
        endpoints = await client.get("/v1/webhook_endpoints")
    assert found["type"] == kind
    types = [event.type for event in stage.events]
    assert [kind for kind in types if kind in BEFORE.get(EventType(came.type), [])] == BEFORE.get(
        EventType(came.type), []
    )
    assert types.count(kind) == 1
    assert said
    assert endpoints["data"] == [], "the scenario's endpoint is deleted"


async def test_a_deposit_at_an_address_that_was_just_read_is_announced_soon(site, developer):
    first = await developer.json("trigger", "payment.unmatched")
    again = await developer.json("trigger", "payment.unmatched", "--timeout", "30")
    assert first["event"]["id"] != again["event"]["id"]


async def test_the_command_prints_each_step_and_event(site, developer):
    output = await developer.ok("trigger", "succeeded")
    made, paid, created, succeeded = output.splitlines()
    assert "created payment intent pi_" in made
    assert "a customer pays 25,000 sats" in paid
    assert "✓ payment_intent.created" in created
    assert "✓ payment_intent.succeeded" in succeeded


async def test_the_command_prints_the_event_as_json(site, developer):
    answer = await developer.json("trigger", "payment_intent.canceled", "--amount-sats", "777")
    assert (answer["event"]["type"], answer["event"]["data"]["object"]["amount_sats"]) == (
        "payment_intent.canceled",
        777,
    )
    assert [event["type"] for event in answer["all"]] == ["payment_intent.created", "payment_intent.canceled"]


async def test_a_server_that_is_not_on_the_simulated_chain_is_an_error(database_url, tmp_path):
    async with open_real_site(database_url, tmp_path / "site", Network.TESTNET) as site:
        developer = Developer(tmp_path, api_key=await site.merchant(), api_base_url=site.base_url)
        said = await developer.refused("trigger", "payment_intent.succeeded")
    assert "does not use the simulated chain" in said
    assert "Log in with a test key" in said


async def test_an_event_that_does_not_arrive_is_an_error_with_advice(site, developer):
    site.chain.faults.outage = True
    said = await developer.refused("trigger", "payment_intent.expired", "--timeout", "3", "--json")
    assert "payment_intent.expired did not arrive within 3 s" in said
    assert "sgate doctor" in said


async def test_an_unknown_event_type_is_an_error_that_lists_all_types(developer):
    assert "payment_intent.succeeded" in await developer.refused("trigger", "payment_intent.paid")


async def test_without_an_event_it_lists_all_types(developer):
    output = await developer.ok("trigger")
    assert all(kind in output and kind.meaning in output for kind in EventType)
