"""Whatever the chain's API answers, and whatever a webhook's receiver does, we get a value or the one documented error."""

import asyncio
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.hiro.test_every_recording import ADDRESS, INVOLVING, NAMES, UNKNOWN_TX, kind_of
from chain.replay import ASSET, BLOCKS, LOGS, MULTIPLE, TX, Recording, Replay, recording
from fuzz.outside import BYTES, almost_bytes, almost_json, fuzzed
from sgate.chain.hiro.source import HiroSource
from sgate.chain.source import ChainUnavailable
from sgate.core.egress import Egress
from sgate.workers.webhooks.client import WebhookClient

QUESTIONS = {
    "headers": (BLOCKS, lambda source: source.headers()),
    "header": (f"{BLOCKS}/{UNKNOWN_TX}", lambda source: source.header(UNKNOWN_TX)),
    "logs": (LOGS, lambda source: source.logs()),
    "transactions": (MULTIPLE, lambda source: source.transactions(list(TX.values())[:3])),
    "involving": (INVOLVING, lambda source: source.involving(ADDRESS)),
}
GOOD = {
    kind: [answer for name in NAMES if kind_of(name) == kind and (answer := recording(name)).status == 200]
    for kind in QUESTIONS
}


async def never_wait(seconds):
    pass


@pytest.mark.parametrize("kind", QUESTIONS)
def test_answers_of_the_stacks_api(kind):
    path, ask = QUESTIONS[kind]
    with asyncio.Runner() as runner:
        replay = Replay()
        runner.run(replay.start())
        source = HiroSource(replay.url, ASSET, sleep=never_wait)

        async def asked(answer):
            replay.put(path, answer)
            with contextlib.suppress(ChainUnavailable):
                await ask(source)

        @fuzzed
        @given(st.sampled_from(GOOD[kind]).flatmap(changed))
        def check(answer):
            runner.run(asked(answer))

        try:
            check()
        finally:
            runner.run(source.close())
            runner.run(replay.close())


def changed(right):
    """An answer like `right`, with something about it that is not."""
    body = (
        almost_json(right.body).map(lambda value: json.dumps(value).encode("utf-8", "replace"))
        | almost_bytes(right.data)
        | BYTES
    )
    etag = st.sampled_from([right.headers.get("etag", ""), "", 'W/"x"', '"0x' + "ab" * 32 + '"', "0x"])
    return st.builds(
        lambda body, etag: Recording(200, {"content-type": "application/json", "etag": etag}, body), body, etag
    )


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRetry-After: 5\r\n\r\nok"
CHUNKED = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"


@contextlib.asynccontextmanager
async def answering(pieces):
    """A receiver that sends what `pieces` holds, whatever it is asked. Yields its URL."""

    async def serve(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
    server.close()


def test_answers_of_webhook_receivers():
    with asyncio.Runner() as runner:
        pieces = []
        stack = contextlib.AsyncExitStack()
        url = runner.run(stack.enter_async_context(answering(pieces)))
        client = WebhookClient(egress=Egress(allow_private=True), timeout_s=5)

        @fuzzed
        @given(st.lists(BYTES | almost_bytes(HEAD) | almost_bytes(CHUNKED), min_size=1, max_size=3))
        def check(answer):
            pieces[:] = answer
            reply = runner.run(client.post(url, b"{}", {}, merchant_id="a merchant"))
            assert reply.outcome.status is None or 100 <= reply.outcome.status <= 999
            for text in (reply.body or "", reply.outcome.error or "", *reply.headers, *reply.headers.values()):
                text.encode()
                assert "\0" not in text

        try:
            check()
        finally:
            runner.run(client.close())
            runner.run(stack.aclose())
