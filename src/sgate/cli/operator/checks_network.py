"""Checks of `sgate doctor` over the network: chain APIs, Redis, and this installation's public URL."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sgate.cli.operator.checks import Check, fail, now_s, ok, skew_check, warn
from sgate.core.address import Network
from sgate.runtime.chain_sources import name_of, urls_of
from sgate.settings.modes import Source
from sgate.settings.settings import Settings

TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 1024 * 1024
NETWORK_IDS = {1: Network.MAINNET, 2_147_483_648: Network.TESTNET}
OLD_BLOCK_S = 1800.0
"""Stacks blocks arrive every few seconds; after half an hour without one, the network or the API has stalled."""

FUTURE_BLOCK_S = 120.0
DATE_PRECISION_S = 1.0


class Unusable(Exception):
    """A response is unusable; the message says why."""


async def network_checks(settings: Settings) -> list[Check]:
    """Run all checks over the network."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        checks = [
            check
            for livemode in (False, True)
            if settings.mode(livemode).source is not Source.OFF
            for url in urls_of(settings, livemode)
            for check in await _chain_api(session, settings, livemode, url)
        ]
        return [*checks, *await _redis(settings), await _public_url(session, settings)]


async def _chain_api(session: aiohttp.ClientSession, settings: Settings, livemode: bool, url: str) -> list[Check]:
    mode = settings.mode(livemode)
    name = f"chain API {name_of(url)}"
    variable = f"SGATE_{'LIVE' if livemode else 'TEST'}__STACKS_API_URL"
    headers = {} if mode.stacks_api_key is None else {"x-api-key": mode.stacks_api_key.get_secret_value()}
    asked_at = now_s()
    try:
        block, answered = await _get(session, f"{url}/extended/v2/blocks/latest", headers)
        height, own_time = int(block["height"]), block["block_time"]
        block_time = float(block["burn_block_time"] if own_time is None else own_time)
    except (Unusable, KeyError, TypeError, ValueError) as error:
        reason = error if isinstance(error, Unusable) else "its response is not that of a Stacks API"
        return [fail(name, f"{url}: {reason}", f"Check {variable}, its key and the network; see docs/chain.md.")]
    checks = [ok(name, f"block {height:,}")]
    if answered is not None:
        checks.append(skew_check(f"clock of {name_of(url)}", answered, asked_at, now_s(), exact_s=DATE_PRECISION_S))
    if mode.source is Source.HIRO:
        checks += [_block_time(name, block_time), await _network(session, settings, livemode, url, headers)]
    return checks


def _block_time(name: str, block_time: float) -> Check:
    name, age_s = f"{name}, block time", now_s() - block_time
    if age_s > OLD_BLOCK_S:
        found = f"the newest block is {age_s / 60:.0f} minutes old"
        return warn(name, found, "Either the network or this API has stalled: compare with a block explorer.")
    if age_s < -FUTURE_BLOCK_S:
        found = f"the newest block is {-age_s:.0f} s in the future"
        return warn(name, found, "This clock is probably slow: synchronize it by NTP (timedatectl set-ntp true).")
    return ok(name, f"{max(0.0, age_s):.0f} s ago")


async def _network(
    session: aiohttp.ClientSession, settings: Settings, livemode: bool, url: str, headers: dict[str, str]
) -> Check:
    name, wanted = f"network of {name_of(url)}", settings.network_of(livemode)
    try:
        info, _ = await _get(session, f"{url}/v2/info", headers)
        number = int(info["network_id"])
    except (Unusable, KeyError, TypeError, ValueError):
        advice = f"Verify by other means that it serves {wanted}."
        return warn(name, "it does not report its network (/v2/info needs a Stacks node behind it)", advice)
    found = NETWORK_IDS.get(number)
    if found is not wanted:
        advice = f"Use another SGATE_{'LIVE' if livemode else 'TEST'}__STACKS_API_URL, or set its NETWORK."
        return fail(name, f"it serves {found or f'network {number}'}, but the settings say {wanted}", advice)
    return ok(name, f"{wanted} (network id {number})")


async def _redis(settings: Settings) -> list[Check]:
    if settings.redis_url is None:
        return []
    redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )
    try:
        version = (await redis.info("server"))["redis_version"]
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        advice = "Check SGATE_REDIS_URL. Until Redis is back, each process counts rate limits on its own."
        return [warn("redis", f"cannot be reached: {error}", advice)]
    finally:
        await redis.aclose()
    return [ok("redis", f"version {version}")]


async def _public_url(session: aiohttp.ClientSession, settings: Settings) -> Check:
    """Check that customers reach this server at its public URL."""
    url = settings.public_url or f"http://localhost:{settings.port}"
    try:
        health, _ = await _get(session, f"{url}/health/live", {})
    except Unusable as error:
        advice = "Start `sgate run`; if it is running, check SGATE_PUBLIC_URL, the reverse proxy and DNS."
        return warn("public URL", f"{url}: {error}", advice)
    if not isinstance(health, dict) or health.get("status") != "healthy":
        return fail("public URL", f"the server at {url} is not sGate", "Check SGATE_PUBLIC_URL and SGATE_PORT.")
    return ok("public URL", f"{url} answers")


async def _get(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> tuple[Any, float | None]:
    """Return the JSON at a URL, and the Unix time in its Date header or None.

    Raises:
        Unusable: if there is no response, its status is not 200, or it is not JSON.
    """
    try:
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            body = await response.content.read(MAX_ANSWER_BYTES)
            if response.status != 200:  # noqa: PLR2004 - OK
                raise Unusable(f"answered {response.status}")
            date = response.headers.get("Date")
            return json.loads(body), None if date is None else parsedate_to_datetime(date).timestamp()
    except TimeoutError:
        raise Unusable(f"no response within {TIMEOUT_S:.0f} s") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unusable(f"no connection ({error})") from None
    except ValueError:
        raise Unusable("its response is not JSON") from None
