"""The deliverer brings events to merchants: claim under a lease, sign, post, write down how it went.

At least once: a process that dies between the post and the note leaves a lease that runs out, and the delivery is tried
again with the same id. One endpoint that hangs delays nobody else: it may have only so many attempts in flight.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
import structlog

from sgate.core.event import body_of, envelope
from sgate.core.retry import Outcome, Schedule, decide
from sgate.core.signature import headers_of
from sgate.gateway.environment import Environment
from sgate.store import deliveries, endpoints
from sgate.store.cipher import Cipher, UndecryptableSecret
from sgate.store.coalesce import Coalescer
from sgate.store.deliveries import Delivery, Result
from sgate.store.pool import Pool
from sgate.workers.webhook_client import USER_AGENT, Reply, WebhookClient

BATCH = 100
MAX_PROMPT = 256
"""Attempts in flight that are younger than SLOW_AFTER_S. More at once are not faster, only later each."""

MAX_IN_FLIGHT = 1024
"""Attempts in flight in all. Those that hang do not take the places of others: a hundred dead endpoints delay none."""

SLOW_AFTER_S = 1.0
PER_ENDPOINT = 10
LEASE = timedelta(seconds=30)
"""Longer than twice the ten seconds that an attempt may last."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one round delivered: rows claimed, 2xx answers, rows to be tried again, rows given up."""

    claimed: int = 0
    delivered: int = 0
    retried: int = 0
    failed: int = 0


class Deliverer:
    """Claims and sends deliveries. Any number of these may run, in any number of processes."""

    def __init__(
        self,
        *,
        pool: Pool,
        cipher: Cipher,
        client: WebhookClient,
        schedule: Schedule,
        environment: Environment,
        per_endpoint: int = PER_ENDPOINT,
        observe: Callable[[Delivery, Result], None] | None = None,
    ) -> None:
        """`observe` is told of every attempt, for metrics."""
        self._pool = pool
        self._cipher = cipher
        self._client = client
        self._schedule = schedule
        self._environment = environment
        self._per_endpoint = per_endpoint
        self._observe = observe
        self._in_flight: Counter[str] = Counter()
        self._prompt = 0  # of these, the young ones
        self._results = Coalescer[Result, bool](self._complete, max_batch=2 * BATCH)
        self._log = structlog.get_logger("sgate.deliverer")

    @property
    def in_flight(self) -> int:
        """Attempts under way."""
        return self._in_flight.total()

    async def run_once(self) -> Report:
        """Claim one batch, send all of it, and write down how it went."""
        return await self.send(*await self.claim())

    async def claim(self) -> tuple[UUID, Sequence[Delivery]]:
        """Take what is due, as much as may be in flight. The deliveries must go to `send` or `attempt` next."""
        token = UUID(bytes=self._environment.random_bytes(16))
        limit = min(BATCH, MAX_PROMPT - self._prompt, MAX_IN_FLIGHT - self.in_flight)
        if limit <= 0:
            return token, ()
        async with self._pool.acquire() as connection, connection.transaction():
            claimed = await deliveries.claim(
                connection,
                token,
                in_flight=self._in_flight,
                per_endpoint=self._per_endpoint,
                limit=limit,
                lease=LEASE,
            )
        self._in_flight.update(delivery.endpoint_id for delivery in claimed)
        self._prompt += len(claimed)
        return token, claimed

    async def send(self, token: UUID, claimed: Sequence[Delivery]) -> Report:
        """Send claimed deliveries, all at once; trouble with one of them is raised when all have ended."""
        ended = await asyncio.gather(*(self.attempt(token, delivery) for delivery in claimed), return_exceptions=True)
        results: list[Result] = []
        for result in ended:
            if isinstance(result, BaseException):
                raise result
            results.append(result)
        return Report(
            claimed=len(claimed),
            delivered=sum(result.delivered for result in results),
            retried=sum(result.retry_in_s is not None for result in results),
            failed=sum(result.failed for result in results),
        )

    async def give_back(self, token: UUID, claimed: Sequence[Delivery]) -> None:
        """End the leases of deliveries whose `send` was cancelled, so that someone else may take them at once."""
        async with self._pool.acquire() as connection:
            await deliveries.release(connection, token, [delivery.id for delivery in claimed])

    async def attempt(self, token: UUID, delivery: Delivery) -> Result:
        """Send one claimed delivery once, and write down how it went."""
        started_at, started = self._environment.now(), time.perf_counter()
        slow = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._no_longer_prompt)
        try:
            reply = await self._post(delivery)
            now = self._environment.now()
            following = decide(self._schedule, delivery.attempt, reply.outcome, now, random.random())  # noqa: S311 - jitter
            result = Result(
                delivery_id=delivery.id,
                token=token,
                attempt=delivery.attempt,
                started_at=started_at,
                duration_ms=round((time.perf_counter() - started) * 1000),
                response_status=reply.outcome.status,
                response_headers=msgspec.json.encode(reply.headers).decode() if reply.headers else None,
                response_body=reply.body,
                error=reply.outcome.error,
                delivered=following.delivered,
                failed=following.failed,
                retry_in_s=None if following.retry_at is None else (following.retry_at - now).total_seconds(),
            )
            if following.disable:
                await self._disable(delivery)
            await self._results.submit(result)
        finally:
            if slow.when() > asyncio.get_running_loop().time():
                slow.cancel()
                self._prompt -= 1
            self._in_flight[delivery.endpoint_id] -= 1
            if self._in_flight[delivery.endpoint_id] <= 0:
                del self._in_flight[delivery.endpoint_id]
        self._note(delivery, result)
        return result

    def _no_longer_prompt(self) -> None:
        self._prompt -= 1

    async def _post(self, delivery: Delivery) -> Reply:
        body = body_of(
            envelope(
                event_id=delivery.event_id,
                event_type=delivery.event_type,
                created_at=delivery.event_created_at,
                livemode=delivery.livemode,
                sequence=delivery.sequence,
                payload=delivery.payload,
            )
        )
        try:
            secret = _decrypted(self._cipher, delivery.secret_encrypted)
        except UndecryptableSecret as error:
            return Reply(outcome=Outcome(status=None, error=str(error)), headers={}, body=None)
        timestamp_s = int(self._environment.now().timestamp())
        headers = headers_of([secret], delivery.event_id, timestamp_s, body)
        headers["Content-Type"] = "application/json"
        headers["User-Agent"] = USER_AGENT
        headers["Accept-Encoding"] = "identity"  # the answer is kept as it came, for people to read
        return await self._client.post(delivery.url, body, headers)

    async def _disable(self, delivery: Delivery) -> None:
        async with self._pool.acquire() as connection:
            await endpoints.disable(connection, [delivery.endpoint_id], "the endpoint answered 410 Gone")

    async def _complete(self, results: Sequence[Result]) -> list[bool | BaseException]:
        async with self._pool.acquire() as connection:
            counted = await deliveries.complete(connection, results)
        if counted != len(results):
            self._log.warning("late_results_refused", count=len(results) - counted)
        return [True] * len(results)

    def _note(self, delivery: Delivery, result: Result) -> None:
        if self._observe is not None:
            self._observe(delivery, result)
        level = self._log.debug if result.delivered else self._log.info
        level(
            "webhook_attempt",
            delivery=delivery.id,
            event_id=delivery.event_id,
            type=delivery.event_type,
            endpoint=delivery.endpoint_id,
            attempt=result.attempt,
            status=result.response_status,
            error=result.error,
            duration_ms=result.duration_ms,
        )


@lru_cache(maxsize=4096)
def _decrypted(cipher: Cipher, encrypted: bytes) -> str:
    return cipher.decrypt(encrypted).decode()
