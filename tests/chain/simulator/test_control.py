import re

import aiohttp
import pytest

from chain.simulated import SHOP, START, Clock, open_chain, payment
from sgate.chain.simulator import (
    PAYER,
    DirectControl,
    HttpControl,
    RefusedTransfer,
    SimulatorControl,
    serve,
    simulated_address,
)
from sgate.chain.source import ChainUnavailable


@pytest.fixture
async def chain():
    return open_chain(clock=Clock())


@pytest.fixture
async def server(chain):
    running = await serve(chain)
    yield running
    await running.close()


@pytest.fixture(params=["direct", "http"])
async def control(request, chain, server):
    control: SimulatorControl = DirectControl(chain) if request.param == "direct" else HttpControl(server.url)
    yield control
    await control.close()


async def test_paying(chain, control):
    tx_id = await control.transfer(SHOP, 1234, b"\xffmemo")
    transfer = chain.history.txs[tx_id].transfer
    assert transfer == payment(1234, b"\xffmemo")
    assert transfer.sender == PAYER
    sender = simulated_address("somebody")
    later = await control.transfer(SHOP, 1, sender=sender, not_before=START + 9.5)
    assert chain.history.txs[later].transfer == payment(1, None, sender=sender, not_before=START + 9.5)
    assert chain.history.txs[later].received_at == START + 9.5


async def test_a_transfer_that_no_chain_would_accept_is_refused(control):
    with pytest.raises(RefusedTransfer, match="at most 34 bytes"):
        await control.transfer(SHOP, 1, b"x" * 35)
    with pytest.raises(RefusedTransfer):
        await control.transfer("nowhere", 1)


async def test_a_chain_that_does_not_respond(server):
    control = HttpControl(server.url)
    await server.close()
    with pytest.raises(ChainUnavailable, match="/simulator/transfer"):
        await control.transfer(SHOP, 1)
    await control.close()


async def order(server, path, body=None, data=None):
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{server.url}/simulator/{path}", json=body, data=data) as response,
    ):
        return response.status, await response.json()


async def test_orders(chain, server):
    status, answer = await order(server, "transfer", {"recipient": SHOP, "amount_sats": "77", "memo": "pi_ü"})
    assert status == 200
    transfer = chain.history.txs[answer["tx_id"]].transfer
    assert (transfer.amount_sats, transfer.memo) == (77, "pi_ü".encode())
    _, answer = await order(
        server, "transfer", {"recipient": SHOP, "amount_sats": 1, "memo_hex": "ff00", "kind": "router"}
    )
    assert chain.history.txs[answer["tx_id"]].transfer.memo == b"\xff\x00"
    assert (await order(server, "mine", {"blocks": 3}))[1]["height"] == 4
    assert (await order(server, "mine"))[1]["height"] == 5
    assert (await order(server, "bitcoin_block"))[1]["bitcoin_height"] == 900_002
    status, answer = await order(server, "reorg", {"depth": 4, "remine": "none"})
    assert (status, answer["height"], answer["mempool"]) == (200, 6, 2)
    assert answer["tip"] == chain.tip.index_block_hash
    _, answer = await order(server, "faults", {"outage": True, "lag_blocks": 2})
    assert (answer["outage"], answer["lag_blocks"]) == (True, 2)
    _, answer = await order(server, "faults", {"outage": False})
    assert (answer["outage"], answer["lag_blocks"]) == (False, 2)
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/simulator/status") as response:
        assert await response.json() == answer


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("transfer", {}, "recipient"),
        ("transfer", {"recipient": SHOP, "amount_sats": 0}, "amount_sats must be between"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1.5}, "amount_sats"),
        ("transfer", {"recipient": SHOP, "amount_sats": "1e3"}, "digits"),
        ("transfer", {"recipient": "ST0", "amount_sats": 1}, "address"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1, "memo": "x" * 35}, "34 bytes"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1, "memo": "x", "memo_hex": "00"}, "not both"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1, "memo_hex": "xyz"}, "hex digits"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1, "kind": "gift"}, "kind|enum"),
        ("transfer", {"recipient": SHOP, "amount_sats": 1, "amount": 1}, "unknown field"),
        ("mine", {"blocks": 0}, "can be mined"),
        ("mine", {"blocks": "1"}, "int"),
        ("reorg", {"depth": 5}, "can be replaced"),
        ("reorg", {"depth": 1, "remine": "maybe"}, "remine|enum"),
        ("faults", {"lag_blocks": -1}, "lag_blocks"),
    ],
)
async def test_invalid_bodies_are_refused_with_a_reason(chain, server, path, body, problem):
    chain.mine()
    status, answer = await order(server, path, body)
    assert status == 422
    assert re.search(problem, answer["error"])
    assert chain.tip.height == 2


@pytest.mark.parametrize("data", [b"{", b"\xff", b"recipient=me"])
async def test_a_body_that_is_not_json_is_a_bad_request(server, data):
    status, answer = await order(server, "transfer", data=data)
    assert status == 400
    assert "not JSON" in answer["error"]
