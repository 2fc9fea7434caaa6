"""Chain access of each mode, built from the settings: its sources, poll interval and call budgets."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from sgate.chain.failover import FailoverSource, NamedSource
from sgate.chain.hiro.http import DEFAULT_LIMITS, HiroLimits
from sgate.chain.hiro.source import HiroSource
from sgate.chain.quota import (
    MINUTE_S,
    READ_INTERVALS,
    SIMULATED_READ_INTERVALS,
    Allowance,
    Budget,
    Limits,
    ReadIntervals,
    Shared,
    Spent,
)
from sgate.chain.simulator import DirectControl, HttpControl, SimulatedChain, SimulatorControl, SimulatorSource
from sgate.chain.source import ChainSource
from sgate.core.address import Network
from sgate.db.pool import Pool
from sgate.settings.modes import ModeSettings, Source
from sgate.settings.settings import Settings
from sgate.store import api_usage
from sgate.telemetry.metrics import Metrics, mode_name

HIRO_URLS = {Network.MAINNET: "https://api.hiro.so", Network.TESTNET: "https://api.testnet.hiro.so"}
HIRO_HOSTS = "hiro.so"
HIRO_POLL_S = 5.0
SIMULATOR_POLL_S = 0.5
FREE_CALLS_PER_MONTH = 150_000
CALLS_PER_MINUTE_WITHOUT_KEY = 25
CALLS_PER_MINUTE_WITH_KEY = 500


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """One mode's access to its chain.

    Attributes:
        servers: the API servers behind `source`, keyed by name; empty for a simulated chain in this process.
        poll_s: minimum seconds between two polls.
        budgets: the call budgets, keyed by the name of the API. An API without limits has no budget.
        preferred: returns the name of the API that is used now.
        read_intervals: how long an address cools down after it was read.
        simulated: the simulated chain if it runs in this process, or None.
    """

    source: ChainSource
    servers: Mapping[str, ChainSource] = {}
    poll_s: float
    budgets: Mapping[str, Budget] = {}
    preferred: Callable[[], str] = str
    read_intervals: ReadIntervals = READ_INTERVALS
    simulated: SimulatedChain | None = None
    control: SimulatorControl | None = None
    block_interval_s: float = 0.0

    @property
    def allowance(self) -> Allowance:
        """The calls that hints and address reads may make. They are part of the budget of the API in use."""
        return Shared(self.budgets, self.preferred)

    def interval_s(self, busy: bool) -> float:
        """Return the seconds between two polls. `busy` is whether payments are expected."""
        budget = self.budgets.get(self.preferred())
        return self.poll_s if budget is None else budget.interval_s(self.poll_s, busy=busy)

    async def close(self) -> None:
        """Close the source and the simulated chain."""
        await self.source.close()
        if self.control is not None:
            await self.control.close()
        if self.simulated is not None:
            self.simulated.close()


def open_chain(settings: Settings, livemode: bool, directory: Path, metrics: Metrics) -> Chain:
    """Open the chain of a mode. A simulated chain that runs in this process keeps its data in `directory`."""
    mode, asset = settings.mode(livemode), settings.asset_of(livemode)
    if mode.source is Source.SIMULATOR and not mode.stacks_api_url:
        chain = SimulatedChain.open(directory, asset=asset, seed=secrets.token_hex(8))
        return Chain(
            source=SimulatorSource(chain),
            poll_s=mode.poll_interval_s or SIMULATOR_POLL_S,
            read_intervals=SIMULATED_READ_INTERVALS,
            simulated=chain,
            control=DirectControl(chain),
            block_interval_s=mode.block_interval_s,
        )
    return _served_chain(settings, livemode, asset, metrics)


def _served_chain(settings: Settings, livemode: bool, asset: str, metrics: Metrics) -> Chain:
    mode = settings.mode(livemode)
    simulated = mode.source is Source.SIMULATOR
    api_key = None if mode.stacks_api_key is None else mode.stacks_api_key.get_secret_value()

    def count(endpoint: str, status: int | None, seconds: float) -> None:
        metrics.chain_calls.labels(mode_name(livemode), endpoint, str(status or "none")).inc()
        metrics.chain_call_seconds.labels(mode_name(livemode)).observe(seconds)

    sources: list[NamedSource] = []
    budgets: dict[str, Budget] = {}
    urls = urls_of(settings, livemode)
    for url in urls:
        name, limits = name_of(url), limits_of(mode, url)
        budget = Budget(limits, _utc_now) if limits != Limits() else None
        if budget is not None:
            budgets[name] = budget
        if limits.per_month is not None:
            metrics.chain_calls_budget.labels(mode_name(livemode), name).set(limits.per_month)
        source = HiroSource(url, asset, api_key, count, limits=hiro_limits_for(urls), budget=budget)
        sources.append(NamedSource(name, source))
    several = FailoverSource(sources, clock=time.monotonic)
    return Chain(
        source=several if len(sources) > 1 else sources[0].source,
        servers={item.name: item.source for item in sources},
        preferred=lambda: several.preferred,
        poll_s=mode.poll_interval_s or (SIMULATOR_POLL_S if simulated else HIRO_POLL_S),
        budgets=budgets,
        read_intervals=SIMULATED_READ_INTERVALS if simulated else READ_INTERVALS,
        control=HttpControl(urls[0]) if simulated else None,
    )


def urls_of(settings: Settings, livemode: bool) -> tuple[str, ...]:
    """Return the URLs of a mode's API servers, in order of preference.

    There are none if the simulated chain runs in this process.
    """
    mode, network = settings.mode(livemode), settings.network_of(livemode)
    default = () if network is Network.SIMULATED else (HIRO_URLS[network],)
    return tuple(dict.fromkeys(mode.stacks_api_url)) or default


def limits_of(mode: ModeSettings, url: str) -> Limits:
    """Return the call limits of an API: the limits in the settings, or the default limits of Hiro's public API.

    Other APIs have no default limits.
    """
    host = urlsplit(url).hostname or ""
    public = host == HIRO_HOSTS or host.endswith(f".{HIRO_HOSTS}")
    per_minute = CALLS_PER_MINUTE_WITHOUT_KEY if mode.stacks_api_key is None else CALLS_PER_MINUTE_WITH_KEY
    return Limits(
        per_minute=_given(mode.stacks_api_calls_per_minute, per_minute if public else None),
        per_month=_given(mode.stacks_api_calls_per_month, FREE_CALLS_PER_MONTH if public else None),
    )


def hiro_limits_for(urls: Sequence[str]) -> HiroLimits:
    """Return the limits that determine how long a poll waits if a server responds with `Retry-After`.

    If there are several servers, the poll uses the next server instead of a long wait. With a single server, the poll
    waits up to a minute. An aborted poll would start again from the beginning. A poll that needs more calls than are
    allowed per minute would then never finish.
    """
    return DEFAULT_LIMITS if len(urls) > 1 else HiroLimits(longest_retry_after_s=MINUTE_S)


def name_of(url: str) -> str:
    """Return the name of an API in logs, in metrics and in the table of calls. It consists of the host and the port."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def _given(number: int | None, default: int | None) -> int | None:
    return default if number is None else number or None


def _utc_now() -> datetime:
    return datetime.now(UTC)


class CallCounts:
    """Keeps the call counts in the database, so that they continue after a restart or under another leader."""

    def __init__(self, pool: Pool, budgets: Mapping[str, Budget], metrics: Metrics, *, livemode: bool) -> None:
        self._pool = pool
        self._budgets = budgets
        self._metrics = metrics
        self._livemode = livemode

    async def save(self) -> None:
        """Store the number of calls made since the last save. Then load the total of all processes into the budgets."""
        for name, budget in self._budgets.items():
            made = budget.take_unsaved()
            async with self._pool.acquire() as connection:
                total = await api_usage.add(connection, name, made.month.date(), made.calls, livemode=self._livemode)
            budget.load(Spent(month=made.month, calls=total))
            remaining = budget.remaining()
            if remaining is not None:
                self._metrics.chain_calls_left.labels(mode_name(self._livemode), name).set(remaining)
