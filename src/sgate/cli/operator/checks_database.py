"""Checks of `sgate doctor` on the database: its version, clock and schema, watchers, secrets and webhook endpoints."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import asyncpg

from sgate.cli.operator.checks import Check, fail, now_s, ok, skew_check, warn
from sgate.cli.operator.checks_roles import role_checks
from sgate.core import clock
from sgate.core.address import parse_principal, why_unspendable
from sgate.core.egress import Egress, ForbiddenDestination, literal_address
from sgate.core.mode import CHAIN_SILENT_AFTER
from sgate.db import schema_check
from sgate.db.encryption import Cipher
from sgate.db.pool import Connection, DatabaseErrors, connect
from sgate.db.schema_check import SchemaOutdated
from sgate.runtime import factories
from sgate.runtime.factories import DatabaseUrls
from sgate.settings.modes import Source
from sgate.settings.settings import Settings
from sgate.store import chain_cursors, merchants, webhook_endpoints
from sgate.workers.webhooks.resolver import CheckedResolver

LEAST_VERSION = 150_000
"""PostgreSQL 15, in the format of `server_version_num`."""

NUMBER_PER_MAJOR = 10_000
MAX_ENDPOINTS = 50
CONNECT_TIMEOUT_S = 3.0
_SERVER_NUMBERS = ("server_version_num", "max_connections")
SPARE_CONNECTIONS = 10
"""Connections besides the pool: LISTEN, leadership, the deliverer's queue, migrations, and a person with psql."""


async def database_checks(settings: Settings, urls: DatabaseUrls) -> list[Check]:
    """Run all checks on the database."""
    url = urls.application
    started = time.monotonic()
    try:
        connection = await connect(
            url, application_name="sgate doctor", statement_cache=settings.database_direct_url is None
        )
    except (*DatabaseErrors, asyncpg.PostgresError, ValueError) as error:
        reason = str(error) or type(error).__name__
        return [
            fail(
                "database", f"cannot be reached: {reason}", "Check SGATE_DATABASE_URL, and that the server is running."
            )
        ]
    try:
        return [
            await _server(connection, settings, (time.monotonic() - started) * 1000),
            await _clock(connection),
            *await _direct(settings, url),
            *await role_checks(connection, settings, urls),
            *await _contents(connection, settings, url),
        ]
    finally:
        await connection.close()


async def _server(connection: Connection, settings: Settings, ms: float) -> Check:
    number, most = [int(str(await connection.fetchval(f"SHOW {name}"))) for name in _SERVER_NUMBERS]
    version = f"PostgreSQL {number // NUMBER_PER_MAJOR}.{number % NUMBER_PER_MAJOR}"
    if number < LEAST_VERSION:
        return fail("database", f"{version} is too old", "sGate needs PostgreSQL 15 or newer: upgrade the server.")
    if most < settings.database_max_connections + SPARE_CONNECTIONS and settings.database_direct_url is None:
        return warn(
            "database",
            f"{version} allows {most} connections, and one sGate process may use {settings.database_max_connections}",
            "Raise the server's max_connections, or lower SGATE_DATABASE_MAX_CONNECTIONS.",
        )
    return ok("database", f"{version}, connected in {ms:.0f} ms")


async def _clock(connection: Connection) -> Check:
    asked_at = now_s()
    theirs = str(await connection.fetchval("SELECT extract(epoch FROM clock_timestamp())::text"))
    return skew_check("clock of the database", float(theirs), asked_at, now_s())


async def _direct(settings: Settings, url: str) -> list[Check]:
    """Check that the URL without the pooler reaches a server too."""
    direct = factories.direct_url(settings, url)
    if direct == url:
        return []
    try:
        await (await connect(direct, application_name="sgate doctor")).close()
    except (*DatabaseErrors, asyncpg.PostgresError, ValueError) as error:
        reason = str(error) or type(error).__name__
        advice = "Check SGATE_DATABASE_DIRECT_URL: LISTEN and advisory locks need a direct connection."
        return [fail("database, directly", f"cannot be reached: {reason}", advice)]
    return [ok("database, directly", "reached without the pooler")]


async def _contents(connection: Connection, settings: Settings, url: str) -> list[Check]:
    try:
        await schema_check.check(factories.direct_url(settings, url))
    except SchemaOutdated as error:
        found = str(error).partition(":")[0]
        if settings.in_production:
            return [fail("migrations", found, "Run `sgate migrate` before `sgate run`.")]
        return [warn("migrations", found, "Run `sgate migrate`; in development `sgate run` does it on start.")]
    except (*DatabaseErrors, asyncpg.PostgresError):
        return []  # another check reports that the database cannot be reached, or that the role lacks rights
    return [
        ok("migrations", f"the schema is at {schema_check.REVISION}"),
        *[
            await _watched(connection, settings, livemode)
            for livemode in (False, True)
            if settings.mode(livemode).source is not Source.OFF
        ],
        *await _addresses(connection, settings),
        await _secrets(connection, settings),
        *await _endpoints(connection, settings),
    ]


async def _watched(connection: Connection, settings: Settings, livemode: bool) -> Check:
    """Check that a watcher follows the chain."""
    name = f"watcher, {'live' if livemode else 'test'} mode"
    cursor = await chain_cursors.get(connection, livemode=livemode)
    start = "Start `sgate run` (or `sgate run --role watcher`), and check its log."
    if cursor is None or cursor.checked_at is None:
        return warn(name, "the chain has not been read yet", start)
    if cursor.network != settings.network_of(livemode):
        found = f"the database belongs to {cursor.network}, but the settings say {settings.network_of(livemode)}"
        return fail(name, found, f"Set SGATE_{'LIVE' if livemode else 'TEST'}__NETWORK back, or use another database.")
    if cursor.trouble is not None:
        return fail(name, cursor.trouble, "See docs/chain.md; `sgate chain status` shows whether it has recovered.")
    now = datetime.now(UTC)
    behind = clock.warning(cursor.view.time, now, settings.network_of(livemode))
    if behind is not None:
        refused = clock.behind(cursor.view.time, now, settings.network_of(livemode)) >= clock.BEHIND_REFUSED
        return (fail if refused else warn)(
            name, behind, "Synchronize this machine with NTP (timedatectl set-ntp true)."
        )
    silent = now - cursor.checked_at
    if silent > CHAIN_SILENT_AFTER:
        return warn(name, f"the chain was last read {silent.total_seconds() / 60:.0f} minutes ago", start)
    if cursor.disagreement is not None:
        found = f"the API servers disagree: {cursor.disagreement}"
        return warn(name, found, "Find out which one is right: see docs/runbooks/SourcesDisagree.md.")
    return ok(name, f"at block {cursor.view.height:,}, last read {silent.total_seconds():.0f} s ago")


async def _addresses(connection: Connection, settings: Settings) -> list[Check]:
    """Check that merchants and the gateway can spend what their addresses receive, and that they do not share one."""
    checks: list[Check] = []
    for livemode in (False, True):
        if settings.mode(livemode).source is Source.OFF:
            continue
        mode, variable = ("live", "SGATE_LIVE") if livemode else ("test", "SGATE_TEST")
        for merchant_id, address in await merchants.pay_addresses(connection, livemode=livemode):
            reason = why_unspendable(parse_principal(address), settings.asset_of(livemode))
            if reason is not None:
                found = f"{merchant_id} is paid at {address} in {mode} mode: {reason}"
                checks.append(fail("pay address of a merchant", found, "Ask the merchant to change it at once."))
        gateway = settings.gateway_address_of(livemode)
        owners = await merchants.owners_of(connection, [] if gateway is None else [gateway], livemode=livemode)
        for owner in owners.values():
            if owner is not None:
                found = f"{gateway} is or was the pay address of merchant {owner} in {mode} mode"
                advice = f"`sgate run` refuses it: set {variable}__GATEWAY_ADDRESS to an address of your own."
                checks.append(fail("gateway address", found, advice))
    return checks or [ok("pay addresses", "each can spend what it receives")]


async def _secrets(connection: Connection, settings: Settings) -> Check:
    lost = await webhook_endpoints.count_undecryptable_secrets(connection, Cipher(settings.secret_key_texts()).key_ids)
    if lost:
        return fail(
            "webhook secrets",
            f"deliveries to {lost} endpoint(s) cannot be signed: their secret's key is not in SGATE_SECRET_KEYS",
            "Add the key again after the first one; if it is lost, the merchants must create new endpoints.",
        )
    return ok("webhook secrets", "all can be decrypted with SGATE_SECRET_KEYS")


async def _endpoints(connection: Connection, settings: Settings) -> list[Check]:
    """Check that the endpoints accept connections, with the address checks of deliveries. Nothing is sent."""
    found = await webhook_endpoints.enabled_urls(connection, MAX_ENDPOINTS)
    if not found:
        return [ok("webhook endpoints", "there are none yet")]
    proxy = settings.webhook_proxy_text()
    if proxy is not None:
        parts = urlsplit(proxy)
        return [await _proxy(str(parts.hostname), parts.port or (443 if parts.scheme == "https" else 80))]
    egress = factories.egress_of_settings(settings)
    resolver = CheckedResolver(egress)
    try:
        checks = [await _endpoint(resolver, egress, *each) for each in found]
    finally:
        await resolver.close()
    reached = sum(check.level == "ok" for check in checks)
    return [
        ok("webhook endpoints", f"{reached} of {len(found)} can be reached"),
        *(c for c in checks if c.level != "ok"),
    ]


async def _proxy(host: str, port: int) -> Check:
    try:
        await _connect(host, port)
    except (OSError, TimeoutError) as error:
        advice = "No webhook can be sent. Check that the proxy of SGATE_WEBHOOK_PROXY is up and no firewall blocks it."
        return fail("webhook proxy", f"{host}:{port} cannot be reached: {error}", advice)
    return ok("webhook proxy", f"{host}:{port} can be reached; endpoints are reached through it and not checked")


async def _endpoint(resolver: CheckedResolver, egress: Egress, endpoint_id: str, url: str) -> Check:
    name = f"webhook endpoint {endpoint_id}"
    try:
        egress.check_url(url, https_only=False)
        parts = urlsplit(url)
        host, port = str(parts.hostname).rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
        literal = literal_address(host)
        addresses = [host] if literal else [found["host"] for found in await resolver.resolve(host, port)]
        await _connect_to_one(addresses, port)
    except ForbiddenDestination as error:
        advice = "Deliveries fail until the merchant changes the URL (in development: set SGATE_WEBHOOK_ALLOW_PRIVATE)."
        return fail(name, f"{url} is refused: {error}", advice)
    except (OSError, TimeoutError, ValueError) as error:
        advice = "Deliveries are retried for a while. Check that its server is up and no firewall blocks it."
        return warn(name, f"{url} cannot be reached: {error}", advice)
    return ok(name, f"{url} can be reached")


async def _connect_to_one(addresses: Sequence[str], port: int) -> None:
    """Connect to the first address that accepts."""
    for address in addresses[:-1]:
        with contextlib.suppress(OSError, TimeoutError):
            return await _connect(address, port)
    return await _connect(addresses[-1], port)


async def _connect(host: str, port: int) -> None:
    _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_TIMEOUT_S)
    writer.close()
