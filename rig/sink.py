"""The merchants' servers: they verify each webhook by the published scheme, with code of their own, and note it."""

import base64
import hmac
import json
import time

from aiohttp import web

TOLERANCE_S = 300


class Sink:
    """Answers webhooks on a loopback port: 204 to what is signed well, else 400. `refused`: why, for the report."""

    def __init__(self, books):
        self._books = books
        self._secrets = {}
        self.refused = []

    async def __aenter__(self):
        app = web.Application()
        app.router.add_post("/hooks/{merchant}", self._receive)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    def url(self, merchant):
        return f"http://127.0.0.1:{self._port}/hooks/{merchant}"

    def trust(self, merchant, secret):
        self._secrets[merchant] = base64.b64decode(secret.removeprefix("whsec_"))

    async def _receive(self, request):
        body = await request.read()
        reason = self._distrust(request.match_info["merchant"], request.headers, body)
        if reason is not None:
            self.refused.append((round(self._books.now_s(), 1), reason))
            return web.Response(status=400, text=reason)
        self._books.receive(json.loads(body))
        return web.Response(status=204)

    def _distrust(self, merchant, headers, body):
        """Why this webhook must not be believed, or None."""
        message, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "0")
        if abs(time.time() - int(sent)) > TOLERANCE_S:
            return "the timestamp is minutes away from now"
        digest = hmac.digest(self._secrets[merchant], f"{message}.{sent}.".encode() + body, "sha256")
        wanted = "v1," + base64.b64encode(digest).decode()
        if wanted not in headers.get("webhook-signature", "").split():
            return "no signature fits"
        return None if json.loads(body)["id"] == message else "the id in the header is not the event's"
