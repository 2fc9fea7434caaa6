"""The guide to going live, followed word by word in live mode: at its end, a customer can pay real money."""

import asyncio

from docs.pages import blocks_of, text_of
from docs.reader import Reader
from servers.processes import environment, free_port
from sgate.core.address import Network
from web.site import open_real_site

PAGE = "docs/guides/going-live.md"
ADDRESS = "SP2J6ZY48GV1EZ5V2V5RB9MP66SW86PYKKNRV9EJ7"


class LiveServer:
    """A server in live mode, and the environment of its operator."""

    def __init__(self, site, database_url, data_dir):
        self.url = site.base_url
        self.environment = environment(
            database_url=database_url, data_dir=data_dir, live__source="hiro", test__source="off"
        )

    @staticmethod
    def merchant():
        return "nobody has a key yet"


async def test_who_follows_the_page_can_be_paid_in_live_mode(database_url, tmp_path):
    async with open_real_site(database_url, tmp_path / "site", Network.MAINNET) as site:
        await site.watch()
        reader = Reader(PAGE, tmp_path, LiveServer(site, database_url, tmp_path / "site"), free_port())
        try:
            blocks = [block for block in blocks_of(PAGE, text_of(PAGE)) if block.language == "sh"]
            assert len(blocks) == 6
            for block in blocks[:-1]:  # the last one needs the machine of the server
                await asyncio.to_thread(reader.run, block)
        finally:
            reader.close()
        rows = await site.gateway.pool.fetch("SELECT id, merchant_id::text FROM api_keys ORDER BY created_at")
        assert len({row["merchant_id"] for row in rows}) == 1
        merchants = await site.gateway.pool.fetch("SELECT livemode, pay_address FROM merchant_modes")
        assert {row["livemode"]: row["pay_address"] for row in merchants} == {True: ADDRESS, False: None}
        key = (tmp_path / ".state.sh").read_text().partition('SGATE_API_KEY="')[2].partition('"')[0]
        assert key.startswith("sk_live_")
        intent = await site.api(key, "POST", "/v1/payment_intents", {"amount_sats": 25_000})
        assert (intent["livemode"], intent["pay_address"]) == (True, ADDRESS)
        assert intent["confirmation_policy"][1]["from_sats"] == 500_000
