"""How many statements a call costs. A statement more on these is a regression that every merchant feels."""

import contextlib

import pytest

PATH = "/v1/payment_intents"


class Statements:
    def __init__(self, pool):
        self._pool = pool
        self.seen = []

    def _note(self, record):
        self.seen.append(" ".join(record.query.split()))

    @contextlib.asynccontextmanager
    async def counted(self):
        self.seen.clear()
        connections = [holder._con for holder in self._pool._holders if holder._con is not None]
        for connection in connections:
            connection.add_query_logger(self._note)
        yield self.seen
        for connection in connections:
            connection.remove_query_logger(self._note)
        now = [holder._con for holder in self._pool._holders if holder._con is not None]
        assert now == connections  # or some statements were not seen


@pytest.fixture
async def statements(app):
    return Statements(app.gateway.pool)


async def test_a_create_is_one_statement(shop, statements):
    await shop.create()  # a new connection learns the types of a statement once
    async with statements.counted() as seen:
        await shop.create()
    assert len(seen) == 1
    assert "INSERT INTO payment_intents" in seen[0]


async def test_a_create_with_a_key_is_one_statement_and_its_replay_two(shop, statements):
    await shop.create()
    key = {"Idempotency-Key": "k"}
    async with statements.counted() as seen:
        await shop.create(headers=key)
    assert len(seen) == 1
    async with statements.counted() as seen:
        await shop.create(headers=key)
    assert len(seen) == 2


async def test_a_retrieve_is_one_statement_and_so_are_a_list_and_a_public_view(app, shop, statements):
    intent = await shop.create()
    for caller, path in (
        (shop, f"{PATH}/{intent['id']}"),
        (shop, PATH),
        (app.anyone, f"/public/payment_intents/{intent['id']}"),
        (shop, "/v1/merchants/me"),
    ):
        async with statements.counted() as seen:
            assert (await caller.get(path)).status == 200
        assert len(seen) == 1, (path, seen)


async def test_a_page_of_events_reads_the_horizon_first(shop, statements):
    await shop.get("/v1/events")
    async with statements.counted() as seen:
        assert (await shop.get("/v1/events")).status == 200
    assert ["pg_locks" in statement for statement in seen] == [True, False]


async def test_a_first_call_with_a_key_adds_lookups_of_the_key_and_its_merchant(app, statements):
    await (await app.merchant()).create()
    shop = await app.merchant()
    async with statements.counted() as seen:
        await shop.create()
    assert len(seen) == 3
    assert app.gateway.deps.authenticator.verifications == 2


async def test_an_unknown_key_costs_one_lookup(app, shop, statements):
    await shop.get(PATH)
    async with statements.counted() as seen:
        answer = await app.anyone.get(PATH, headers={"Authorization": "Bearer sk_test_" + "0" * 64})
    assert answer.status == 401
    assert len(seen) == 1


async def test_a_malformed_key_costs_nothing(app, shop, statements):
    await shop.get(PATH)
    async with statements.counted() as seen:
        await app.anyone.get(PATH)
        await app.anyone.get(PATH, headers={"Authorization": "Bearer nonsense"})
        await app.anyone.get("/public/payment_intents/nonsense")
        await shop.get(f"{PATH}/nonsense")
        await shop.post(f"{PATH}/nonsense/cancel")
        await shop.post(PATH, {"amount_sats": 0})
        await shop.get(PATH, params={"limit": "0"})
    assert seen == []
