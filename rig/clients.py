"""How the rig's customers call: over verified TLS through nginx, repeating once what found no connection."""

import asyncio
import json

import aiohttp

from rig.books import Request

TIMEOUT_S = 30.0
"""A client that waits longer has given up, and calls it a failure."""

MAX_CONNECTIONS = 128
CONNECTION_ERRORS = (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError)


class Client:
    """One customer's calls, each of which is noted in the books."""

    def __init__(self, base_url, tls, books, api_key=None):
        headers = {} if api_key is None else {"Authorization": f"Bearer {api_key}"}
        self._session = aiohttp.ClientSession(
            base_url,
            connector=aiohttp.TCPConnector(ssl=tls, limit=MAX_CONNECTIONS),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            headers=headers,
        )
        self._books = books

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await self._session.close()

    async def ask(self, kind, method, path, *, expected=200, body=None, key=None, repeatable=True):
        """The answer if it has the expected status, else None."""
        started_s, retried = self._books.now_s(), False
        headers = {} if key is None else {"Idempotency-Key": key}
        while True:
            try:
                answer, failure = await self._once(method, path, expected, body, headers)
            except CONNECTION_ERRORS as error:
                if repeatable and not retried:
                    retried = True
                    continue
                answer, failure = None, type(error).__name__
            except TimeoutError:
                answer, failure = None, f"no answer within {TIMEOUT_S:.0f} s"
            self._books.note(Request(kind, started_s, self._books.now_s(), failure, retried))
            return answer

    async def _once(self, method, path, expected, body, headers):
        async with self._session.request(method, path, json=body, headers=headers) as answer:
            text = await answer.read()
            if answer.status == expected:
                return json.loads(text), None
            return None, f"{answer.status} {_code(text)}".strip()

    async def stream(self, path, last_event_id=None, begun=None):
        """(id, data) of each event until the stream ends; connection errors are the caller's business. `begun` is set
        when the server has answered: from then on it tells everything.
        """
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        timeout = aiohttp.ClientTimeout(total=None, sock_read=TIMEOUT_S)
        async with self._session.get(path, headers=headers, timeout=timeout) as answer:
            answer.raise_for_status()
            if begun is not None:
                begun.set()
            event_id = None
            async for line in answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "id":
                    event_id = value
                elif name == "data":
                    yield event_id, json.loads(value)


def _code(text):
    """The code of an error in sGate's form."""
    try:
        return json.loads(text)["error"]["code"]
    except (ValueError, KeyError, TypeError):
        return ""


async def back_off(attempt):
    """Wait before asking again, longer each time."""
    await asyncio.sleep(min(2.0, 0.2 * 2**attempt))
