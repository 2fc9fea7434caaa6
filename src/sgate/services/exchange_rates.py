"""Exchange rates from public markets.

One process at a time polls the price sources and stores the resulting rate. All processes read the stored rate from the
table. A payment intent is created with the rate in memory, provided that this rate is fresh enough.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
import structlog

from sgate.core.rate import Disagreement, Rate, Rules, Sample, TooFew, agree, is_fresh
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.objects.encoding import iso_ms
from sgate.rates.client import NoSample, RateClient
from sgate.store import exchange_rates

MAX_SOURCE_CHARACTERS = 255


class ExchangeRates:
    """A `RateSource` whose rate is the same in all processes. `refresh` must be called regularly."""

    def __init__(
        self, pool: Pool, client: RateClient, rules: Rules, environment: Environment, refresh_interval: timedelta
    ) -> None:
        self._pool = pool
        self._client = client
        self._rules = rules
        self._environment = environment
        self._refresh_interval = refresh_interval
        self._rate: Rate | None = None
        self._last_problem: str | None = None
        self._log = structlog.get_logger("sgate.rates")

    def current(self, now: datetime) -> Rate | None:
        """Return the rate, or None if there is no rate or the rate is too old."""
        rate = self._rate
        return rate if rate is not None and is_fresh(rate.taken_at, now, self._rules.max_age) else None

    def age_s(self) -> float:
        """Return the age of the rate in seconds, or NaN if there is no rate."""
        rate = self._rate
        return float("nan") if rate is None else (self._environment.now() - rate.taken_at).total_seconds()

    async def refresh(self) -> None:
        """Poll the sources if it is this process's turn, then load the newest stored rate.

        Raises:
            DatabaseErrors: if the database is unavailable. The current rate then remains in use until it is too old.
        """
        async with self._pool.acquire() as connection:
            mine = await exchange_rates.take_turn(connection, self._refresh_interval)
        if mine:
            await self._poll_sources()
        async with self._pool.acquire() as connection:
            newest = await exchange_rates.newest(connection)
        if newest is not None:
            self._rate = newest.rate

    async def close(self) -> None:
        """Close the connections to the sources."""
        await self._client.close()

    async def _poll_sources(self) -> None:
        answers = await self._client.ask(self._environment.now)
        now = self._environment.now()
        found = agree([answer for answer in answers.values() if isinstance(answer, Sample)], now, self._rules)
        self._note(None if isinstance(found, Rate) else found.reason, answers)
        if isinstance(found, TooFew):
            return
        disagree = isinstance(found, Disagreement)
        async with self._pool.acquire() as connection:
            await exchange_rates.insert(
                connection,
                usd_per_btc=None if disagree else found.usd_per_btc,
                source=(found.reason if disagree else found.source)[:MAX_SOURCE_CHARACTERS],
                samples=_samples_json(answers),
                taken_at=now if disagree else found.taken_at,
            )

    def _note(self, problem: str | None, answers: Mapping[str, Sample | NoSample]) -> None:
        """Log when the sources stop yielding a rate, and when they yield one again. Polls in between are not logged."""
        if (problem is None) is not (self._last_problem is None):
            failures = {name: answer.reason for name, answer in answers.items() if isinstance(answer, NoSample)}
            if problem is None:
                self._log.info("rates_agree_again")
            else:
                self._log.warning("no_rate", reason=problem, failures=failures)
        self._last_problem = problem


def _samples_json(answers: Mapping[str, Sample | NoSample]) -> bytes:
    return msgspec.json.encode({name: _shown(answer) for name, answer in answers.items()})


def _shown(answer: Sample | NoSample) -> dict[str, str]:
    if isinstance(answer, NoSample):
        return {"failed": answer.reason}
    return {"usd_per_btc": str(answer.usd_per_btc), "taken_at": iso_ms(answer.taken_at)}
