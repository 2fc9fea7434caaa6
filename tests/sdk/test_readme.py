"""The examples of sdk/python/README.md work; its webhook handlers handle duplicate and out-of-order events."""

import re
import sqlite3
from pathlib import Path

import httpx2
import pytest

from sdk.casebook import load
from sdk.scripted import ScriptedServer
from sgate_sdk import verify_webhook
from sgate_sdk.testing import TEST_SECRET, webhook_body, webhook_headers

TEXT = (Path(__file__).parents[2] / "sdk" / "python" / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SHOP = next(block for block in BLOCKS if "def take(" in block)
INTENT = "pi_" + "0" * 24


def run(*blocks):
    """Run blocks of code as one file, and return its names."""
    names = {"__name__": "readme"}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)  # noqa: S102 - the code of our README
    return names


class Receiver:
    """One of the two webhook handlers, with its database in the current directory."""

    def __init__(self, way):
        self.way = way
        framework = next(block for block in BLOCKS if f"from {way} import" in block)
        self.app = run(SHOP, framework)["app"]

    async def post(self, body, headers):
        """Post a webhook and return the status of the response."""
        if self.way == "flask":
            return self.app.test_client().post("/webhooks/sgate", data=body, headers=headers).status_code
        transport = httpx2.ASGITransport(self.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
            return (await client.post("/webhooks/sgate", content=body, headers=headers)).status_code

    async def deliver(self, sequence, status, event_type, event_id=None):
        body = webhook_body(
            event_type, event_id=event_id, sequence=sequence, id=INTENT, status=status, metadata={"order_id": "17"}
        )
        return await self.post(body, webhook_headers(body))


@pytest.fixture(params=["flask", "fastapi"])
def receiver(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SGATE_WEBHOOK_SECRET", TEST_SECRET)
    return Receiver(request.param)


@pytest.fixture
def shop(receiver):
    opened = run(SHOP)["open_shop"]()
    opened.execute("INSERT INTO orders (id) VALUES ('17')")
    opened.commit()
    yield opened
    opened.close()


def order(shop):
    return shop.execute("SELECT status, sequence, to_ship FROM orders").fetchone()


async def test_a_paid_order_is_shipped(receiver, shop):
    assert await receiver.deliver(2, "processing", "payment_intent.processing") == 204
    assert order(shop) == ("processing", 2, 0)
    assert await receiver.deliver(3, "confirmed", "payment_intent.succeeded") == 204
    assert order(shop) == ("confirmed", 3, 1)


async def test_a_duplicate_event_has_its_effect_once(receiver, shop):
    for _ in range(2):
        assert await receiver.deliver(2, "confirmed", "payment_intent.succeeded", "evt_" + "1" * 24) == 204
        shop.execute("UPDATE orders SET to_ship = 0, sequence = 0")  # shipped, and the sequence forgotten
        shop.commit()
    assert order(shop) == ("confirmed", 0, 0)


async def test_an_older_event_that_arrives_later_changes_nothing(receiver, shop):
    assert await receiver.deliver(3, "confirmed", "payment_intent.succeeded") == 204
    assert await receiver.deliver(2, "processing", "payment_intent.processing") == 204
    assert order(shop) == ("confirmed", 3, 1)


async def test_the_order_is_shipped_even_if_success_arrives_after_a_later_event(receiver, shop):
    assert await receiver.deliver(4, "confirmed", "payment_intent.overpaid") == 204
    assert await receiver.deliver(3, "confirmed", "payment_intent.succeeded") == 204
    assert order(shop) == ("confirmed", 4, 1)


async def test_a_forged_webhook_is_refused_and_changes_nothing(receiver, shop):
    body = webhook_body(id=INTENT, metadata={"order_id": "17"})
    headers = webhook_headers(body, "whsec_" + "A" * 32)
    assert await receiver.post(body, headers) == 400
    assert order(shop) == ("requires_payment", 0, 0)


async def test_an_event_whose_effect_failed_is_applied_when_it_is_sent_again(receiver, shop):
    take = run(SHOP)["take"]
    body = webhook_body(id=INTENT, metadata={"order_id": "17"})
    event = verify_webhook(body, webhook_headers(body), TEST_SECRET)
    shop.execute("CREATE TRIGGER broken BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(sqlite3.IntegrityError):
        take(shop, event)
    shop.execute("DROP TRIGGER broken")
    assert await receiver.post(body, webhook_headers(body)) == 204
    assert order(shop) == ("confirmed", 2, 1)


def with_url(url, block):
    return block.replace("http://localhost:4000", url).replace("sk_test_...", "sk_test_0")


def test_the_first_example_creates_a_payment_intent(capsys):
    bodies = load("answers.json")["bodies"]
    with ScriptedServer([{"status": 201, "body": "intent"}], bodies) as server:
        names = run(with_url(server.url, BLOCKS[0]))
        names["sgate"].close()
    assert capsys.readouterr().out.strip() == bodies["intent"]["checkout_url"]
    assert server.received[0].headers["idempotency-key"] == "order-17"


async def test_the_examples_of_lists_and_streams_work(capsys):
    script = load("answers.json")
    page = {"status": 200, "json": {"object": "list", "data": [script["bodies"]["intent"]], "has_more": False}}
    follow = next(block for block in BLOCKS if "def follow(" in block)
    with ScriptedServer([page], script["bodies"]) as server:
        names = run(with_url(server.url, next(block for block in BLOCKS if "async def unpaid" in block)))
        assert await names["unpaid"]("sk_test_0") == [script["bodies"]["intent"]["id"]]
        names = run(follow)
        with names["SGate"]("sk_test_0", base_url=server.url) as sgate:
            names["report"](sgate)
    assert script["bodies"]["intent"]["id"] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        ({"status": 201, "body": "intent"}, ""),
        ({"status": 422, "body": "invalid_amount"}, "amount_sats: "),
        ({"status": 404, "body": "foreign_problem"}, "unexpected_answer: "),
    ],
)
def test_the_example_of_error_handling_works(capsys, answer, printed):
    names = run(next(block for block in BLOCKS if "def checkout_url" in block))
    bodies = load("answers.json")["bodies"]
    with (
        ScriptedServer([answer], bodies) as server,
        names["SGate"]("sk_test_0", base_url=server.url, max_retries=0) as sgate,
    ):
        shown = names["checkout_url"](sgate, "17", 25_000)
    assert (shown is not None) == (printed == "")
    assert capsys.readouterr().out.startswith(printed)


def test_the_example_of_a_receiver_test_works():
    run(next(block for block in BLOCKS if "webhook_body(" in block))


def test_the_readme_explains_each_dependency():
    project = (Path(__file__).parents[2] / "sdk" / "python" / "pyproject.toml").read_text("utf-8")
    needed = set(re.findall(r'"(\w+)', re.search(r"^dependencies = \[(.*)\]$", project, re.MULTILINE)[1]))
    section = TEXT.partition("\n## Dependencies\n")[2]
    assert needed == set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
