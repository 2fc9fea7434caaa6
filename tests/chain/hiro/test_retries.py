"""HiroSource when the server or the connection fails."""

import asyncio
import socket

import pytest
from aiohttp import web

from chain.replay import BLOCKS, MULTIPLE, UNKNOWN_TX, answer, hiro, recording
from sgate.chain.hiro.http import HiroLimits
from sgate.chain.source import ChainUnavailable

GOOD = recording("1-mined/v2-blocks")


def failing(status, **headers):
    return answer({"error": "no"}, status, {name.replace("_", "-"): value for name, value in headers.items()})


async def cut_off(request):
    """Announce more than is sent, then close the connection."""
    response = web.StreamResponse(headers={"content-length": "1000", "content-type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"results": [')
    request.transport.close()
    return response


async def hang_up(request):
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_transient_failure_is_retried_with_growing_waits(replay, source, pauses, status):
    replay.put(BLOCKS, failing(status), failing(status), failing(status), GOOD)
    page = await source.headers()
    assert page is not None
    assert len(page.headers) == 3
    assert pauses.waits_s == [0.5, 1.0, 2.0]
    assert source.calls == {BLOCKS: 4}


async def test_it_gives_up_and_names_the_endpoint(replay, source, pauses):
    replay.put(BLOCKS, failing(500))
    with pytest.raises(ChainUnavailable, match="/extended/v2/blocks: the server answered 500, 4 times"):
        await source.headers()
    assert len(pauses.waits_s) == 3


async def test_jitter_shortens_a_wait_by_up_to_half(replay, pauses):
    source = hiro(replay.url, pauses=pauses, random_fraction=1.0)
    replay.put(BLOCKS, failing(500), GOOD)
    await source.headers()
    await source.close()
    assert pauses.waits_s == [0.25]


async def test_retry_after_is_obeyed(replay, source, pauses):
    replay.put(BLOCKS, failing(429, retry_after="7"), failing(503, retry_after="0"), GOOD)
    assert await source.headers()
    assert pauses.waits_s == [7.0, 1.0]


async def test_a_long_retry_after_is_reported_and_not_waited_for(replay, source, pauses):
    replay.put(BLOCKS, failing(429, retry_after="3600"), GOOD)
    with pytest.raises(ChainUnavailable, match="429 and asks for a pause of 3600 s") as caught:
        await source.headers()
    assert caught.value.retry_after_s == 3600
    assert pauses.waits_s == []


@pytest.mark.parametrize("value", ["soon", "-5", "1.5", "Wed, 21 Oct 2026 07:28:00 GMT", "9" * 30, "٣", ""])
async def test_an_invalid_retry_after_is_ignored(replay, source, pauses, value):
    replay.put(BLOCKS, failing(429, retry_after=value), GOOD)
    assert await source.headers()
    assert pauses.waits_s == [0.5]


async def test_retry_after_is_passed_on_after_the_last_attempt(replay, source):
    replay.put(BLOCKS, failing(429, retry_after="9"))
    with pytest.raises(ChainUnavailable) as caught:
        await source.headers()
    assert caught.value.retry_after_s == 9


async def test_a_truncated_body_is_requested_again(replay, source):
    replay.put(BLOCKS, cut_off, GOOD)
    assert await source.headers()
    replay.put(BLOCKS, cut_off)
    with pytest.raises(ChainUnavailable, match=r"the connection failed .ClientPayloadError., 4 times"):
        await source.headers()


async def test_a_connection_that_breaks_or_is_refused(replay, source, pauses):
    replay.put(BLOCKS, hang_up)
    with pytest.raises(ChainUnavailable, match="the connection failed"):
        await source.headers()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = hiro(f"http://127.0.0.1:{unused.getsockname()[1]}", pauses=pauses)
        with pytest.raises(ChainUnavailable, match=r"the connection failed .ClientConnectorError., 4 times"):
            await refused.headers()
        await refused.close()


async def test_a_response_that_does_not_arrive_in_time(replay, pauses):
    calls = []
    limits = HiroLimits(total_timeout_s=0.05, attempts=2)
    source = hiro(replay.url, pauses=pauses, limits=limits, on_call=lambda *call: calls.append(call[:2]))
    never = asyncio.Event()

    async def silent(request):
        await never.wait()

    replay.put(BLOCKS, silent)
    with pytest.raises(ChainUnavailable, match="no complete response in time, 2 times"):
        await source.headers()
    never.set()
    await source.close()
    assert calls == [(BLOCKS, None), (BLOCKS, None)]


async def test_an_endless_body_is_rejected(replay, pauses):
    source = hiro(replay.url, pauses=pauses, limits=HiroLimits(body_bytes=10_000))

    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b" " * 1_000)
        return response

    replay.put(BLOCKS, endless)
    with pytest.raises(ChainUnavailable, match="larger than 10000 bytes"):
        await source.headers()
    await source.close()
    assert pauses.waits_s == []


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"{", b"[]", b"null", b'{"results": [{}]}', b"\xff\xfe", b"[" * 100_000],
)
async def test_a_body_of_another_shape_names_the_endpoint(replay, source, pauses, body):
    replay.put(BLOCKS, answer(body))
    with pytest.raises(ChainUnavailable, match="/extended/v2/blocks: the response cannot be parsed"):
        await source.headers()
    replay.put(MULTIPLE, answer(body))
    with pytest.raises(ChainUnavailable, match="/extended/v1/tx/multiple"):
        await source.transactions([UNKNOWN_TX])
    assert pauses.waits_s == []


@pytest.mark.parametrize(
    "entry", [b'{"found": true}', b'{"found": true, "result": 5}', b'{"found": true, "result": {}}', b"7"]
)
async def test_an_entry_of_another_shape_names_the_endpoint(replay, source, entry):
    replay.put(MULTIPLE, answer(b'{"' + UNKNOWN_TX.encode() + b'": ' + entry + b"}"))
    with pytest.raises(ChainUnavailable, match="/extended/v1/tx/multiple: the response cannot be parsed"):
        await source.transactions([UNKNOWN_TX])


@pytest.mark.parametrize("change", [{"height": -1}, {"height": "6"}, {"hash": "0xAB"}, {"block_time": 10**15}])
async def test_a_header_with_invalid_values_is_rejected(replay, source, change):
    odd = recording("1-mined/v2-blocks")
    odd.body["results"][0] |= change
    replay.put(BLOCKS, odd)
    with pytest.raises(ChainUnavailable, match="/extended/v2/blocks: the response cannot be parsed"):
        await source.headers()


async def test_redirects_are_not_followed(replay, source):
    replay.put(BLOCKS, answer({}, 302, {"location": f"{replay.url}/elsewhere"}))
    with pytest.raises(ChainUnavailable, match="answered 302"):
        await source.headers()
    assert len(replay.requests) == 1


async def test_a_closed_source_can_be_used_again(replay, source):
    replay.put(BLOCKS, GOOD)
    await source.headers()
    await source.close()
    await source.close()
    assert await source.headers()
