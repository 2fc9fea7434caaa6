"""Rates from public markets. One process looks at a time, writes down what it saw, and all read it from the table; a
create only ever takes the rate from memory, if it is fresh enough.
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
    """A RateSource that agrees with itself on all machines. `refresh` must run now and then."""

    def __init__(
        self, pool: Pool, client: RateClient, rules: Rules, environment: Environment, refresh_interval: timedelta
    ) -> None:
        self._pool = pool
        self._client = client
        self._rules = rules
        self._environment = environment
        self._refresh_interval = refresh_interval
        self._rate: Rate | None = None
        self._trouble: str | None = None
        self._log = structlog.get_logger("sgate.rates")

    def current(self, now: datetime) -> Rate | None:
        """The rate, or None if there is none or it has become too old."""
        rate = self._rate
        return rate if rate is not None and is_fresh(rate.taken_at, now, self._rules.max_age) else None

    def age_s(self) -> float:
        """How old the rate in use is; not a number if there is none."""
        rate = self._rate
        return float("nan") if rate is None else (self._environment.now() - rate.taken_at).total_seconds()

    async def refresh(self) -> None:
        """Look at the sources if it is this process's turn, then take over what the newest look came to.

        Raises:
            DatabaseErrors: if the database is away. The rate in use stays until it is too old.
        """
        async with self._pool.acquire() as connection:
            mine = await exchange_rates.take_turn(connection, self._refresh_interval)
        if mine:
            await self._look()
        async with self._pool.acquire() as connection:
            newest = await exchange_rates.newest(connection)
        if newest is not None:
            self._rate = newest.rate

    async def close(self) -> None:
        """Close the connections to the sources."""
        await self._client.close()

    async def _look(self) -> None:
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

    def _note(self, trouble: str | None, answers: Mapping[str, Sample | NoSample]) -> None:
        """Log when rates stop being found and when they are found again, not every time in between."""
        if (trouble is None) is not (self._trouble is None):
            failures = {name: answer.reason for name, answer in answers.items() if isinstance(answer, NoSample)}
            if trouble is None:
                self._log.info("rates_agree_again")
            else:
                self._log.warning("no_rate", reason=trouble, failures=failures)
        self._trouble = trouble


def _samples_json(answers: Mapping[str, Sample | NoSample]) -> bytes:
    return msgspec.json.encode({name: _shown(answer) for name, answer in answers.items()})


def _shown(answer: Sample | NoSample) -> dict[str, str]:
    if isinstance(answer, NoSample):
        return {"failed": answer.reason}
    return {"usd_per_btc": str(answer.usd_per_btc), "taken_at": iso_ms(answer.taken_at)}
