"""`sgate doctor`: its checks and their advice."""

import json
import os
import re
import time
from email.utils import formatdate

import pytest
from aiohttp import web

from api.serving import SHOP
from cli.terminal import Developer
from servers.processes import free_port, until
from servers.redis import RedisServer
from workers.webhooks.receiver import Receiver

pytestmark = pytest.mark.timeout(300)

GOOD_KEY = "0123456789abcdef" * 4
BURN = "ST000000000000000000002AMW42H"
NOWHERE = "http://127.0.0.1:2"


async def examine(developer):
    """Return the exit status and the checks by name."""
    status, output, errors = await developer.run("doctor", "--json")
    assert errors == ""
    return status, {check["name"]: check for check in json.loads(output)["checks"]}


async def chain_is_read(site):
    async with site.gateway.pool.acquire() as connection:
        return await connection.fetchval("SELECT 1 FROM chain_cursors WHERE checked_at IS NOT NULL")


@pytest.fixture
def operator(database_url, application_url, place):
    """An operator on the server's machine, where no server is running yet."""
    return Developer(
        place,
        database_url=application_url,
        database_owner_url=database_url,
        data_dir=place,
        secret_keys=GOOD_KEY,
        public_url=f"http://localhost:{free_port()}",
    )


async def test_all_checks_pass_with_a_running_server(site, operator):
    await until(lambda: chain_is_read(site), "the watcher has polled")
    with RedisServer(operator.home) as redis:
        status, found = await examine(operator.but(public_url=site.base_url, redis_url=redis.url))
    assert {name: check["found"] for name, check in found.items() if check["level"] != "ok"} == {}
    assert status == 0
    assert found.keys() == {
        "settings", "secret keys", "data directory", "database", "clock of the database", "database role",
        "database owner", "migrations",
        "watcher, test mode", "pay addresses", "webhook secrets", "webhook endpoints", "redis", "public URL",
    }  # fmt: skip


async def test_before_the_first_run_there_are_warnings_and_no_failure(place):
    status, found = await examine(Developer(place, data_dir=place / "data", port=free_port()))
    assert status == 0
    warned = {name: check["advice"] for name, check in found.items() if check["level"] == "warn"}
    assert warned.keys() == {"secret keys", "database", "public URL"}
    assert "sgate keys secret" in warned["secret keys"]
    assert "sgate run" in warned["database"]
    assert not (place / "data").exists(), "checks must not create anything"


@pytest.mark.parametrize(
    ("settings", "name", "said"),
    [
        ({"port": "many"}, "settings", "SGATE_PORT"),
        ({"env": "production", "public_url": None}, "settings", "SGATE_PUBLIC_URL"),
        (
            {"env": "production", "public_url": "https://127.0.0.1:1", "test__source": "simulator"},
            "settings",
            "SGATE_METRICS_PORT",
        ),
        ({"test__source": "off"}, "settings", "both modes are off"),
        ({"database_url": "postgresql://127.0.0.1:1/sgate"}, "database", "cannot be reached"),
        ({"database_url": "nonsense"}, "database", "cannot be reached"),
        ({"data_dir": "/dev/null/here"}, "data directory", "is not writable"),
        ({"live__source": "hiro", "live__stacks_api_url": NOWHERE}, "chain API 127.0.0.1:2", "no connection"),
        ({"database_direct_url": "postgresql://127.0.0.1:1/sgate"}, "database, directly", "cannot be reached"),
    ],
)
async def test_a_failing_check_gives_advice(operator, settings, name, said):
    status, found = await examine(operator.but(**settings))
    assert status == 1
    assert found[name]["level"] == "fail"
    assert said in found[name]["found"]
    assert found[name]["advice"]
    assert GOOD_KEY not in json.dumps(found)


@pytest.fixture
def single_role(operator, database_url):
    """An operator whose application connects as the owner."""
    return operator.but(database_url=database_url, database_owner_url=None)


async def test_an_application_that_could_rewrite_the_books_is_a_warning_with_commands(single_role):
    status, found = await examine(single_role)
    assert (status, found["database role"]["level"]) == (0, "warn")
    assert "could rewrite the books" in found["database role"]["found"]
    assert "SGATE_DATABASE_OWNER_URL" in found["database role"]["advice"]
    assert "sgate migrate" in found["database role"]["advice"]


@pytest.mark.parametrize(
    ("damage", "level", "said", "advised"),
    [
        ("REVOKE INSERT ON events FROM sgate_app", "fail", "lacks rights that .*: INSERT on events$", "sgate migrate"),
        ("REVOKE USAGE ON SEQUENCE events_position FROM sgate_app", "fail", "events_position", "sgate migrate"),
        (
            "REVOKE EXECUTE ON FUNCTION drop_delivery_months FROM sgate_app",
            "fail",
            "drop_delivery_months",
            "sgate migrate",
        ),
        ("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM sgate_app", "fail", "and [0-9]+ more$", "sgate migrate"),
        ("GRANT UPDATE (payload) ON events TO PUBLIC", "warn", "UPDATE on events", "Revoke"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "warn", "CREATE in the schema", "Revoke"),
    ],
)
async def test_a_role_with_other_rights_is_reported_with_what_to_do(operator, pool, damage, level, said, advised):
    await pool.execute(damage)
    status, found = await examine(operator)
    role = found["database role"]
    assert (status, role["level"]) == (int(level == "fail"), level)
    assert re.search(said, role["found"]), role
    assert advised in role["advice"]


async def test_a_role_that_is_not_a_member_yet_is_told_how_to_become_one(operator, pool, application_url):
    name = f"login_{os.urandom(4).hex()}"
    await pool.execute(f"CREATE ROLE {name} LOGIN")
    try:
        url = application_url.replace("sgate_app", name, 1)
        status, found = await examine(operator.but(database_url=url))
        code, output, errors = await operator.but(
            database_url=url, env="production", public_url="https://x.example"
        ).run("chain", "status")
    finally:
        await pool.execute(f"DROP ROLE {name}")
    assert (status, found["database role"]["level"]) == (1, "fail")
    assert f"GRANT sgate_app TO {name}" in found["database role"]["advice"]
    assert (code, output) == (2, "")
    assert "sgate: the database refuses this role: permission denied" in errors
    assert "sgate doctor" in errors


@pytest.mark.parametrize(
    ("owner", "said"),
    [("postgresql://127.0.0.1:1/sgate", "cannot be reached"), ("application", "sgate_app does not own the tables")],
)
async def test_an_owner_url_that_cannot_migrate_fails(operator, application_url, owner, said):
    url = f"{application_url}&application_name=owner" if owner == "application" else owner
    status, found = await examine(operator.but(database_owner_url=url))
    assert (status, found["database owner"]["level"]) == (1, "fail")
    assert said in found["database owner"]["found"]
    assert "SGATE_DATABASE_OWNER_URL" in found["database owner"]["advice"]


async def test_an_old_schema_fails_in_production_and_warns_in_development(operator, postgres_server):
    old = operator.but(database_url=postgres_server, database_owner_url=None)
    status, found = await examine(old)
    assert (status, found["migrations"]["level"]) == (0, "warn")
    status, found = await examine(old.but(env="production", public_url="https://127.0.0.1:1", test__source="simulator"))
    assert (status, found["migrations"]["level"]) == (1, "fail")
    assert "sgate migrate" in found["migrations"]["advice"]


async def test_an_unreachable_redis_or_public_url_is_a_warning(operator):
    status, found = await examine(operator.but(redis_url="redis://127.0.0.1:1/0"))
    assert status == 0
    assert (found["redis"]["level"], found["public URL"]["level"]) == ("warn", "warn")


class StacksApi:
    """A Stacks API whose clock, chain and network are set by a test."""

    def __init__(self, *, network_id=2_147_483_648, clock_s=0, block_age_s=5):
        self._network_id, self._clock_s, self._block_age_s = network_id, clock_s, block_age_s

    async def __aenter__(self):
        application = web.Application()
        application.router.add_get("/extended/v2/blocks/latest", self._latest)
        application.router.add_get("/v2/info", self._info)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.name = f"127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_):
        await self._runner.cleanup()

    async def _latest(self, _):
        body = {"height": 1_234_567, "block_time": int(time.time()) - self._block_age_s}
        return web.json_response(body, headers={"Date": formatdate(time.time() + self._clock_s, usegmt=True)})

    async def _info(self, _):
        return web.json_response({"network_id": self._network_id}, status=200 if self._network_id else 500)


@pytest.mark.parametrize(
    ("api", "levels"),
    [
        ({}, {"clock": "ok", "network": "ok", "block time": "ok"}),
        ({"network_id": 1}, {"clock": "ok", "network": "fail", "block time": "ok"}),
        ({"network_id": None}, {"clock": "ok", "network": "warn", "block time": "ok"}),
        ({"clock_s": 60}, {"clock": "warn", "network": "ok", "block time": "ok"}),
        ({"clock_s": -600}, {"clock": "fail", "network": "ok", "block time": "ok"}),
        ({"block_age_s": 7200}, {"clock": "ok", "network": "ok", "block time": "warn"}),
        ({"block_age_s": -600}, {"clock": "ok", "network": "ok", "block time": "warn"}),
    ],
)
async def test_the_chain_api_is_judged_by_clock_network_and_newest_block(operator, api, levels):
    async with StacksApi(**api) as chain:
        settings = {"test__source": "hiro", "test__stacks_api_url": f"http://{chain.name}"}
        status, found = await examine(operator.but(**settings))
    names = {
        "clock": f"clock of {chain.name}", "network": f"network of {chain.name}",
        "block time": f"chain API {chain.name}, block time",
    }  # fmt: skip
    assert {short: found[name]["level"] for short, name in names.items()} == levels
    assert found[f"chain API {chain.name}"]["found"] == "block 1,234,567"
    assert status == ("fail" in levels.values())


async def test_endpoints_are_checked_like_delivery_destinations_and_nothing_is_sent(site, operator):
    key, operator = await site.merchant(), operator.but(secret_keys=None)  # the same keys as that server
    async with Receiver() as shop:
        for url in (shop.url, f"{NOWHERE}/hooks"):
            await site.api(key, "POST", "/v1/webhook_endpoints", {"url": url})
        status, found = await examine(operator)
        assert (status, found["webhook endpoints"]["found"]) == (0, "1 of 2 can be reached")
        (unreachable,) = [check for name, check in found.items() if name.startswith("webhook endpoint we_")]
        assert (unreachable["level"], NOWHERE in unreachable["found"]) == ("warn", True)
        status, found = await examine(operator.but(webhook_allow_private="false"))
        refused = [check for name, check in found.items() if name.startswith("webhook endpoint we_")]
        assert [check["level"] for check in refused] == ["fail", "fail"]
        assert "public internet" in refused[0]["found"]
        assert status == 1
        assert shop.received == []


async def test_a_lost_secret_key_fails(site, operator):
    key = await site.merchant()
    await site.api(key, "POST", "/v1/webhook_endpoints", {"url": f"{NOWHERE}/hooks"})
    _, found = await examine(operator.but(secret_keys=None))
    assert found["webhook secrets"]["level"] == "ok"
    status, found = await examine(operator)
    assert (status, found["webhook secrets"]["level"]) == (1, "fail")


async def test_an_address_that_an_older_version_accepted_and_nobody_can_spend_from_fails(site, operator):
    await site.merchant()
    async with site.gateway.pool.acquire() as connection:
        await connection.execute(
            "INSERT INTO pay_addresses (livemode, address, merchant_id) SELECT false, $1, id FROM merchants", BURN
        )
        await connection.execute("UPDATE merchant_modes SET pay_address = $1 WHERE NOT livemode", BURN)
    status, found = await examine(operator)
    assert (status, found["pay address of a merchant"]["level"]) == (1, "fail")
    assert f"is paid at {BURN} in test mode: nobody has the key" in found["pay address of a merchant"]["found"]


async def test_a_gateway_address_that_was_a_merchants_pay_address_fails_and_nothing_starts(site, operator, place):
    key = await site.merchant()
    await site.api(key, "PATCH", "/v1/merchants/me", {"pay_address": SHOP})
    await site.api(key, "PATCH", "/v1/merchants/me", {"pay_address": None})
    chosen = operator.but(test__gateway_address=SHOP)
    status, found = await examine(chosen)
    assert (status, found["gateway address"]["level"]) == (1, "fail")
    for role in ("api", "watcher"):
        status, output, errors = await chosen.but(port=0).run("run", "--role", role)
        assert (status, output) == (2, "")
        assert f"\nsgate: SGATE_TEST__GATEWAY_ADDRESS: {SHOP} is or was the pay address of merchant" in errors


async def test_advice_is_printed_below_a_failed_check(operator):
    status, output, _ = await operator.but(database_url="postgresql://127.0.0.1:1/sgate").run("doctor")
    lines = output.splitlines()
    (at,) = [number for number, line in enumerate(lines) if line.startswith("fail  database:")]
    assert lines[at + 1].strip().startswith("→ Check SGATE_DATABASE_URL")
    assert lines[-1].endswith("failed: 1.")
    assert status == 1


@pytest.mark.parametrize(("ahead_s", "level"), [(20, "ok"), (60, "warn"), (600, "fail")])
async def test_a_clock_behind_the_scanned_chain_is_reported(pool, operator, ahead_s, level):
    await pool.execute(
        "INSERT INTO chain_cursors (livemode, network, scanned_height, scanned_time, checked_at) "
        "VALUES (FALSE, 'testnet', 7, now() + $1 * interval '1 second', now())",
        ahead_s,
    )
    async with StacksApi() as chain:
        settings = {"test__source": "hiro", "test__stacks_api_url": f"http://{chain.name}"}
        status, found = await examine(operator.but(**settings))
    watcher = found["watcher, test mode"]
    assert (watcher["level"], status) == (level, level == "fail")
    if level != "ok":
        assert "behind the blocks of the chain" in watcher["found"]
        assert "NTP" in watcher["advice"]


async def test_api_servers_that_disagree_are_reported_by_doctor_and_chain_status(pool, operator):
    await pool.execute(
        "INSERT INTO chain_cursors (livemode, network, scanned_height, scanned_time, checked_at, disagreement) "
        "VALUES (FALSE, 'simulated', 7, now(), now(), 'b.example shows another block_hash for block 1')"
    )
    _, found = await examine(operator)
    assert found["watcher, test mode"]["level"] == "warn"
    assert "b.example shows another block_hash" in found["watcher, test mode"]["found"]
    assert "SourcesDisagree" in found["watcher, test mode"]["advice"]
    status, output, _ = await operator.run("chain", "status")
    assert status == 0
    assert "b.example shows another block_hash for block 1" in output
