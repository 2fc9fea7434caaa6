"""The public price sources on a loopback port, with their documented responses and every kind of failure."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime

HANG, CLOSE = object(), object()
WAIT_S = 20.0


def answer(body, status=200, *headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", "Connection: close", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def coinbase(price, at):
    return {
        "ask": price, "bid": price, "volume": "7424.21", "trade_id": 86326522, "price": price, "size": "0.00698254",
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "rfq_volume": "1.0",
    }  # fmt: skip


def kraken(price, at):
    pair = {
        "a": [price, "1", "1.000"], "b": [price, "1", "1.000"], "c": [price, "0.00080000"], "v": ["1.0", "2.0"],
        "p": [price, price], "t": [1, 2], "l": [price, price], "h": [price, price], "o": price,
    }  # fmt: skip
    return {"error": [], "result": {"XXBTZUSD": pair}}


def bitstamp(price, at):
    return {
        "timestamp": str(int(at.timestamp())), "open": price, "high": price, "low": price, "last": price,
        "volume": "213.26801100", "vwap": price, "bid": price, "ask": price, "side": "0", "open_24": price,
        "percent_change_24": "13.57", "market_type": "SPOT",
    }  # fmt: skip


def coingecko(price, at):
    return b'{"bitcoin":{"usd":%s,"last_updated_at":%d}}' % (price.encode(), int(at.timestamp()))


SHAPES = {"coinbase": coinbase, "kraken": kraken, "bitstamp": bitstamp, "coingecko": coingecko}
PATHS = {
    "/products/BTC-USD/ticker": "coinbase",
    "/0/public/Ticker?pair=XBTUSD": "kraken",
    "/api/v2/ticker/btcusd/": "bitstamp",
    "/api/v3/simple/price?ids=bitcoin&vs_currencies=usd&include_last_updated_at=true": "coingecko",
}


class Markets:
    """`says[name]` is a response, HANG or CLOSE, or a list of them of which the last is repeated."""

    def __init__(self, now=lambda: datetime.now(UTC)):
        self._now = now
        self.says = {}
        self.asked = dict.fromkeys(SHAPES, 0)
        self.headers = []
        self._released = asyncio.Event()
        self.quote("60000.00")

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        self.urls = dict.fromkeys(SHAPES, self.url)
        return self

    async def __aexit__(self, *_):
        self._released.set()
        self._server.close()
        await asyncio.wait_for(self._server.wait_closed(), WAIT_S)

    def quote(self, price=None, at=None, **prices):
        """Set the price of every source, or of each by name, at the time `at` (default: the time of each request)."""
        for name, own in (dict.fromkeys(SHAPES, price) if price else {} | prices).items():
            self.says[name] = lambda name=name, own=own: answer(SHAPES[name](own, at or self._now()))

    async def _serve(self, reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.headers.append(head)
            name = PATHS[head.split(" ")[1]]
            self.asked[name] += 1
            said = self.says[name]
            if isinstance(said, list):
                said = said.pop(0) if len(said) > 1 else said[0]
            if said is HANG:
                gone = asyncio.ensure_future(reader.read())
                released = asyncio.ensure_future(self._released.wait())
                await asyncio.wait([gone, released], return_when=asyncio.FIRST_COMPLETED)
                for task in (gone, released):
                    task.cancel()
                await asyncio.gather(gone, released, return_exceptions=True)
            elif said is not CLOSE:
                writer.write(said() if callable(said) else said)
                await writer.drain()
        writer.close()
