"""The deliverer, which claims deliveries under a lease, signs and posts them, and stores the results.

Each event is delivered at least once. If a process dies after it has posted a delivery but before it has stored the
result, the lease expires, and the delivery is attempted again with the same id. The number of attempts in flight per
endpoint is limited, so that an endpoint that hangs does not delay the others.
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
from sgate.core.retry import Schedule, decide
from sgate.core.signature import headers_of
from sgate.db.batching import Coalescer
from sgate.db.encryption import Cipher, UndecryptableSecret
from sgate.db.pool import Pool
from sgate.environment import Environment
from sgate.services import webhook_endpoints as endpoint_cases
from sgate.store import webhook_deliveries_queue, webhook_endpoints
from sgate.store.webhook_deliveries_queue import Delivery, Result
from sgate.telemetry.tracing import SpanIds, Traces, intent_in
from sgate.workers.webhooks.client import USER_AGENT, Reply, WebhookClient

BATCH = 100
MAX_PROMPT = 256
"""The maximum number of attempts in flight that are younger than SLOW_AFTER_S. A higher limit would only increase the
latency, not the throughput.
"""

MIN_CLAIM = 64
"""The minimum number of free slots for a claim. A small claim costs almost as much as a full one."""

MAX_IN_FLIGHT = 1024
"""The maximum number of attempts in flight, including slow ones. Slow attempts do not count towards MAX_PROMPT, so a
hundred dead endpoints do not delay any other endpoint.
"""

SLOW_AFTER_S = 1.0
PER_ENDPOINT = 10
LEASE = timedelta(seconds=30)
"""How long a claim lasts. It is more than twice the ten seconds that an attempt may take."""

UNSIGNED_WAIT = timedelta(minutes=1)
"""How long to postpone a delivery that cannot be signed."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The report of one batch: how many deliveries were claimed, delivered, scheduled for a retry, given up, and
    postponed because they could not be signed.
    """

    claimed: int = 0
    delivered: int = 0
    retried: int = 0
    failed: int = 0
    postponed: int = 0


class _Ended(msgspec.Struct, frozen=True):
    """A finished attempt whose result is to be stored."""

    delivery: Delivery
    result: Result


class Deliverer:
    """Claims and sends deliveries. Any number of deliverers may run, in any number of processes."""

    def __init__(
        self,
        *,
        pool: Pool,
        cipher: Cipher,
        client: WebhookClient,
        schedule: Schedule,
        environment: Environment,
        queue: Pool | None = None,
        per_endpoint: int = PER_ENDPOINT,
        observe: Callable[[Delivery, Result], None] | None = None,
        traces: Traces | None = None,
    ) -> None:
        """Create a deliverer.

        Args:
            queue: a pool of connections with QUEUE_SETTINGS; `pool` by default.
            per_endpoint: the maximum number of attempts in flight per endpoint.
            observe: called with the delivery and the result of each attempt.
            traces: if given, each attempt becomes a span of its payment's trace, which the webhook propagates.
        """
        self._pool = pool
        self._queue = queue or pool
        self._cipher = cipher
        self._client = client
        self._schedule = schedule
        self._environment = environment
        self._per_endpoint = per_endpoint
        self._observe = observe
        self._traces = traces
        self._in_flight: Counter[str] = Counter()
        self._slow: Counter[str] = Counter()  # the attempts in flight that are slow
        self._results = Coalescer[_Ended, bool](self._complete, max_batch=2 * BATCH)
        self._log = structlog.get_logger("sgate.deliverer")
        self._unsigned: dict[str, str] = {}  # endpoints whose webhooks cannot be signed, and why

    @property
    def in_flight(self) -> int:
        """The number of attempts in flight."""
        return self._in_flight.total()

    @property
    def stuck(self) -> Sequence[str]:
        """The endpoints whose slots are all taken by slow attempts."""
        return [endpoint_id for endpoint_id, slow in self._slow.items() if slow >= self._per_endpoint]

    @property
    def signing_error(self) -> str | None:
        """The reason why deliveries cannot be signed, or None."""
        if not self._unsigned:
            return None
        return f"{len(self._unsigned)} webhook endpoint(s) are waiting: {next(iter(self._unsigned.values()))}"

    async def run_once(self) -> Report:
        """Claim one batch, send it, and store the results."""
        return await self.send(*await self.claim())

    async def claim(self) -> tuple[UUID, Sequence[Delivery]]:
        """Claim as many due deliveries as may be in flight. Pass them to `send` or `attempt` next."""
        token = UUID(bytes=self._environment.random_bytes(16))
        prompt = self.in_flight - self._slow.total()
        limit = min(BATCH, MAX_PROMPT - prompt, MAX_IN_FLIGHT - self.in_flight)
        if limit <= 0 or MAX_PROMPT - prompt < MIN_CLAIM:
            return token, ()
        async with self._queue.acquire() as connection:
            claimed = await webhook_deliveries_queue.claim(
                connection,
                token,
                in_flight=self._in_flight,
                per_endpoint=self._per_endpoint,
                limit=limit,
                lease=LEASE,
            )
        self._in_flight.update(delivery.endpoint_id for delivery in claimed)
        return token, claimed

    async def send(self, token: UUID, claimed: Sequence[Delivery]) -> Report:
        """Send claimed deliveries concurrently. If one of them raises, the exception is raised when all have ended."""
        ended = await asyncio.gather(*(self.attempt(token, delivery) for delivery in claimed), return_exceptions=True)
        results: list[Result] = []
        for result in ended:
            if isinstance(result, BaseException):
                raise result
            if result is not None:
                results.append(result)
        return Report(
            claimed=len(claimed),
            delivered=sum(result.delivered for result in results),
            retried=sum(result.retry_in_s is not None for result in results),
            failed=sum(result.failed for result in results),
            postponed=len(ended) - len(results),
        )

    async def release(self, token: UUID, claimed: Sequence[Delivery]) -> None:
        """End the leases of deliveries whose `send` was canceled, so that they can be claimed again at once."""
        async with self._pool.acquire() as connection:
            await webhook_deliveries_queue.release(connection, token, [delivery.id for delivery in claimed])

    async def attempt(self, token: UUID, delivery: Delivery) -> Result | None:
        """Attempt one claimed delivery, and store the result. Returns None if it could not be signed."""
        endpoint_id = delivery.endpoint_id
        slow_timer = asyncio.get_running_loop().call_later(SLOW_AFTER_S, self._slow.update, (endpoint_id,))
        try:
            secrets = self._secrets_of(delivery)
            if secrets is None:
                await self._postpone(token, delivery)
                return None
            result, disable = await self._try(token, delivery, secrets)
            await self._results.submit(_Ended(delivery, result))
            if disable is not None:
                await endpoint_cases.disable(self._pool, self._environment, endpoint_id, disable)
        finally:
            if slow_timer.when() > asyncio.get_running_loop().time():
                slow_timer.cancel()
            else:
                _decrement(self._slow, endpoint_id)
            _decrement(self._in_flight, endpoint_id)
        self._record(delivery, result)
        return result

    async def _try(self, token: UUID, delivery: Delivery, secrets: Sequence[str]) -> tuple[Result, str | None]:
        """Make one attempt. Returns its result, and the reason to disable the endpoint, or None to leave it enabled."""
        started_at, started = self._environment.now(), time.perf_counter()
        span = None if self._traces is None else _Span.begin(self._traces, delivery)
        reply = await self._post(delivery, secrets, int(started_at.timestamp()), span)
        if span is not None:
            span.end(reply, time.perf_counter() - started)
        now = self._environment.now()
        following = decide(
            self._schedule,
            delivery.tries + 1,
            reply.outcome,
            now,
            random.random(),  # noqa: S311 - jitter
            delivery.failing_since,
        )
        result = Result(
            delivery_id=delivery.id,
            token=token,
            attempt=delivery.attempt,
            url=delivery.url,
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
        return result, following.disable

    async def _post(self, delivery: Delivery, secrets: Sequence[str], timestamp_s: int, span: "_Span | None") -> Reply:
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
        headers = headers_of(secrets, delivery.event_id, timestamp_s, body)
        headers["Content-Type"] = "application/json"
        headers["User-Agent"] = USER_AGENT
        headers["Accept"] = "*/*"
        headers["Accept-Encoding"] = "identity"  # the response is stored unchanged, for people to read
        if span is not None:
            headers["traceparent"] = span.ids.traceparent
        return await self._client.post(delivery.url, body, headers, merchant_id=delivery.merchant_id)

    def _secrets_of(self, delivery: Delivery) -> Sequence[str] | None:
        """Return the secret and, during a rotation, also the previous one. Returns None if a key is missing."""
        try:
            secrets = [_decrypted(self._cipher, delivery.secret_encrypted)]
        except UndecryptableSecret as error:
            self._unsigned[delivery.endpoint_id] = str(error)
            return None
        self._unsigned.pop(delivery.endpoint_id, None)
        if delivery.previous_secret_encrypted is not None:
            try:
                secrets.append(_decrypted(self._cipher, delivery.previous_secret_encrypted))
            except UndecryptableSecret as error:  # sign with the new secret only
                self._log.warning("previous_secret_lost", endpoint=delivery.endpoint_id, reason=str(error))
        return secrets

    async def _postpone(self, token: UUID, delivery: Delivery) -> None:
        """Postpone a delivery that cannot be signed.

        This does not count as an attempt, because the mistake is the operator's.
        """
        reason = self._unsigned[delivery.endpoint_id]
        self._log.error("webhook_not_signed", endpoint=delivery.endpoint_id, delivery=delivery.id, reason=reason)
        async with self._queue.acquire() as connection:
            await webhook_deliveries_queue.postpone(
                connection, token, [delivery.id], UNSIGNED_WAIT, f"not sent: {reason}"
            )

    async def _complete(self, ended: Sequence[_Ended]) -> list[bool | BaseException]:
        """Store results in one batch. An endpoint is marked as failing or recovered only when its state changes."""
        failing = {e.delivery.endpoint_id for e in ended if not e.result.delivered and e.delivery.failing_since is None}
        working = {e.delivery.endpoint_id for e in ended if e.result.delivered and e.delivery.failing_since is not None}
        async with self._queue.acquire() as connection:
            counted = await webhook_deliveries_queue.complete(connection, [e.result for e in ended])
            if working:
                await webhook_endpoints.mark_recovered(connection, sorted(working))
            if failing - working:
                await webhook_endpoints.mark_failing(connection, sorted(failing - working), self._environment.now())
        if counted != len(ended):
            self._log.warning("late_results_refused", count=len(ended) - counted)
        return [True] * len(ended)

    def _record(self, delivery: Delivery, result: Result) -> None:
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


class _Span(msgspec.Struct, frozen=True):
    """The span of an attempt in its payment's trace."""

    traces: Traces
    intent_id: str
    ids: SpanIds
    delivery: Delivery

    @classmethod
    def begin(cls, traces: Traces, delivery: Delivery) -> "_Span | None":
        """Begin a span. Returns None if the event is not about a payment intent, or its payment is not traced."""
        intent_id = intent_in(delivery.payload)
        if intent_id is None or not traces.sampled(intent_id):
            return None
        return cls(traces, intent_id, traces.next_span(intent_id), delivery)

    def end(self, reply: Reply, seconds: float) -> None:
        """End the span with the attempt's outcome."""
        attributes: dict[str, str | int] = {
            "sgate.event_type": self.delivery.event_type,
            "sgate.event": self.delivery.event_id,
            "sgate.endpoint": self.delivery.endpoint_id,
            "sgate.attempt": self.delivery.attempt,
        }
        if reply.outcome.status is not None:
            attributes["http.response.status_code"] = reply.outcome.status
        if reply.outcome.error is not None:
            attributes["error"] = reply.outcome.error
        self.traces.record(self.intent_id, "webhook.attempt", seconds, attributes, ids=self.ids)


@lru_cache(maxsize=4096)
def _decrypted(cipher: Cipher, encrypted: bytes) -> str:
    return cipher.decrypt(encrypted).decode()


def _decrement(counts: Counter[str], name: str) -> None:
    counts[name] -= 1
    if counts[name] <= 0:
        del counts[name]
