"""Calls under /v1/simulator: what a test key may do to the simulated chain, and where it may not."""

import pytest

from api.serving import SHOP, UNREACHABLE, serving


async def test_paying_mining_and_forking(app, shop):
    before = (await shop.get("/v1/simulator")).json
    paid = await shop.post("/v1/simulator/payments", {"recipient": SHOP, "amount_sats": 1000, "memo": "hello"})
    assert paid.status == 201
    assert app.chain.history.txs[paid.json["tx_id"]].transfer.memo == b"hello"
    assert (await shop.get("/v1/simulator")).json["mempool"] == 1
    mined = (await shop.post("/v1/simulator/blocks", {"blocks": 3})).json
    assert (mined["height"], mined["mempool"], mined["steerable"]) == (before["height"] + 3, 0, True)
    forked = await shop.post("/v1/simulator/reorg", {"from_height": before["height"] + 1, "remine": "none"})
    assert (forked.json["height"], forked.json["mempool"]) == (before["height"] + 4, 1)


async def test_a_short_intent_has_its_own_deadline_and_grace(app, shop):
    body = {"amount_sats": 1000, "expires_in_s": 1, "grace_s": 0}
    made = (await shop.post("/v1/simulator/payment_intents", body)).json
    found = await app.gateway.deps.payment_intents.find(made["id"])
    assert (found.intent.terms.grace_s, (found.intent.terms.expires_at - found.intent.created_at).total_seconds()) == (
        0,
        1,
    )


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("payments", {"recipient": "nowhere", "amount_sats": 1}, "simulation_refused"),
        ("payments", {"recipient": SHOP, "amount_sats": 0}, "invalid_amount"),
        ("payments", {"recipient": SHOP, "amount_sats": 1, "memo": "é" * 20}, "simulation_refused"),
        ("blocks", {"blocks": 101}, "validation_error"),
        ("reorg", {"depth": 50}, "simulation_refused"),
        ("reorg", {"from_height": 1_000_000}, "validation_error"),
        ("payment_intents", {"amount_sats": 1000, "expires_in_s": 0}, "validation_error"),
    ],
)
async def test_what_the_chain_cannot_do_is_refused(app, shop, path, body, code):
    app.chain.mine(5)
    height = app.chain.tip.height
    answer = await shop.post(f"/v1/simulator/{path}", body)
    assert (answer.status, answer.code) == (422, code)
    assert app.chain.tip.height == height


async def test_a_key_that_only_reads_moves_nothing(app, shop):
    reader = await app.key(shop.merchant_id, "read")
    assert (await reader.get("/v1/simulator")).status == 200
    for path in ("payments", "blocks", "reorg", "payment_intents"):
        assert (await reader.post(f"/v1/simulator/{path}", {})).status == 403


async def test_a_mode_that_is_not_simulated_has_no_such_calls(database_url, tmp_path):
    async with serving(database_url, tmp_path, live=UNREACHABLE) as app:
        live = await app.merchant(livemode=True)
        answers = [await live.get("/v1/simulator")]
        answers += [await live.post(f"/v1/simulator/{path}", {}) for path in ("blocks", "reorg")]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "not_simulated")}


async def test_in_production_the_shared_chain_is_paid_on_but_not_moved(database_url, tmp_path):
    production = {"env": "production", "database_url": database_url, "secret_keys": "0123456789abcdef" * 4}
    async with serving(database_url, tmp_path, public_url="https://pay.example.com", **production) as app:
        shop = await app.merchant()
        https = {"X-Forwarded-Proto": "https"}
        paid = await shop.post("/v1/simulator/payments", {"recipient": SHOP, "amount_sats": 1}, headers=https)
        moved = [await shop.post(f"/v1/simulator/{path}", {}, headers=https) for path in ("blocks", "reorg")]
        assert (await shop.get("/v1/simulator", headers=https)).json["steerable"] is False
    assert paid.status == 201
    assert {(answer.status, answer.code) for answer in moved} == {(403, "simulator_shared")}
