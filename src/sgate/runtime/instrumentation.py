"""Callbacks with which components report to metrics and traces, although they do not depend on either.

The children of a metric are looked up once and kept, because a lookup with labels costs more than counting. The series
that alerts use exist with the value 0 from the start, because Prometheus sees no increase in a series that starts at 1.
"""

import functools
import time
from collections.abc import Awaitable, Callable, Collection, Iterable

from sgate.core.event import EventType
from sgate.db import statement_names
from sgate.db.pool import ERROR_KINDS, error_kind
from sgate.ledger.decide import Decision
from sgate.ledger.decide import Observe as ObserveDecision
from sgate.runtime.chain_sources import CallCounts
from sgate.store.deployment_snapshot import Snapshot
from sgate.store.webhook_deliveries_queue import Delivery, Result
from sgate.telemetry.metrics import Metrics, mode_name
from sgate.telemetry.tracing import Traces
from sgate.workers.watcher.matcher import Found
from sgate.workers.watcher.watcher import PollReport

SLOW_STATEMENT_S = 0.05
"""The database's target for the 95th percentile. Statements that take at least this long are counted by name."""


def of_statements(metrics: Metrics) -> statement_names.Observe:
    """Return an observer that measures each statement."""

    @functools.lru_cache(maxsize=statement_names.MAX_NAMES)
    def observer(statement: str) -> Callable[[float], None]:
        return metrics.statement_seconds.labels(statement_names.table_of(statement)).observe

    def observe(statement: str, seconds: float, error: BaseException | None) -> None:
        observer(statement)(seconds)
        if error is not None:
            metrics.database_errors.labels(error_kind(error)).inc()
        if seconds >= SLOW_STATEMENT_S:
            metrics.slow_statements.labels(statement_names.name_of(statement)).inc()

    for kind in ERROR_KINDS:
        metrics.database_errors.labels(kind)
    return observe


def of_decisions(
    metrics: Metrics, modes: Iterable[bool], now: Callable[[], float], traces: Traces | None
) -> ObserveDecision:
    """Return an observer that counts announced events and confirmed amounts, and measures the time since the block.

    Args:
        now: returns the Unix time.
    """
    announced = {
        (livemode, event): metrics.announced.labels(mode_name(livemode), event)
        for livemode in modes
        for event in EventType
        if event.startswith("payment_intent.") and event is not EventType.CREATED
    }

    def observe(decision: Decision) -> None:
        intent = decision.intent
        mode = mode_name(intent.livemode)
        for event in decision.events:
            announced[intent.livemode, event].inc()
        if EventType.SUCCEEDED in decision.events:
            metrics.confirmed_sats.labels(mode).inc(intent.amount_received_sats)
            if decision.mined_at is not None:
                waited_s = max(0.0, now() - decision.mined_at.timestamp())
                metrics.confirmation_seconds.labels(mode).observe(waited_s)
        if traces is not None and decision.events:
            attributes = {"sgate.status": intent.status, "sgate.events": " ".join(decision.events)}
            traces.record(intent.id, "ledger.decide", decision.seconds, attributes)

    return observe


def of_polls(metrics: Metrics, books: CallCounts, *, livemode: bool) -> Callable[[PollReport], Awaitable[None]]:
    """Return an observer that stores the call counts and reports the watcher's progress."""
    mode = mode_name(livemode)
    behind, height = metrics.chain_behind.labels(mode), metrics.chain_height.labels(mode)
    decided, undecided = metrics.intents_decided.labels(mode), metrics.intents_undecided.labels(mode)
    reorgs = metrics.chain_reorgs.labels(mode)

    async def observe(report: PollReport) -> None:
        await books.save()
        behind.set(report.behind_blocks)
        height.set(report.view.height)
        decided.inc(report.settled)
        undecided.inc(report.undecided)
        if report.reorged_from is not None:
            reorgs.inc()

    return observe


def of_payments(traces: Traces) -> Callable[[Found, Collection[str], float], None]:
    """Return an observer that traces how the watcher records the payments of an intent."""

    def observe(found: Found, changed: Collection[str], seconds: float) -> None:
        for tx_id, legs in found.items():
            for leg in legs:
                if leg.intent_id is not None and leg.intent_id in changed:
                    attributes = {
                        "sgate.tx_id": tx_id,
                        "sgate.block_height": leg.payment.block_height,
                        "sgate.amount_sats": leg.payment.amount_sats,
                    }
                    traces.record(leg.intent_id, "watcher.record", seconds, attributes)

    return observe


def of_attempts(metrics: Metrics) -> Callable[[Delivery, Result], None]:
    """Return an observer that counts webhook attempts and measures how long each delivery waited for its first one."""
    counters = {name: metrics.webhook_attempts.labels(name) for name in ("delivered", "failed", "retried")}

    def observe(delivery: Delivery, result: Result) -> None:
        outcome = "delivered" if result.delivered else "failed" if result.failed else "retried"
        counters[outcome].inc()
        metrics.webhook_seconds.observe(result.duration_ms / 1000)
        if delivery.attempt == 1:
            # The wait starts when the delivery is due, because a replayed or held delivery is due later than its event.
            waited_s = (result.started_at - delivery.due_at).total_seconds()
            metrics.webhook_wait_seconds.observe(max(0.0, waited_s))

    return observe


def of_snapshots(metrics: Metrics) -> Callable[[Snapshot], None]:
    """Return an observer that reports the state of the whole deployment."""

    def observe(snapshot: Snapshot) -> None:
        metrics.queue_due.set(snapshot.due.count)
        metrics.queue_age.set(snapshot.due.oldest_s)
        metrics.queue_held.set(snapshot.held)
        for state, count in snapshot.endpoints.items():
            metrics.endpoints.labels(state).set(count)
        metrics.endpoints_disabled.set(snapshot.endpoints_disabled_last_hour)
        metrics.database_bytes.set(snapshot.database_bytes)
        metrics.endpoints_without_key.set(snapshot.endpoints_without_key)
        for livemode, waiting in snapshot.ledger.items():
            metrics.ledger_queue.labels(mode_name(livemode)).set(waiting.count)
            metrics.ledger_queue_age.labels(mode_name(livemode)).set(waiting.oldest_s)
        _show_chains(metrics, snapshot)
        for livemode, count in snapshot.merchants.items():
            metrics.merchants.labels(mode_name(livemode)).set(count)
            metrics.merchants_active.labels(mode_name(livemode)).set(snapshot.merchants_active[livemode])
        metrics.surveyed_at.set(time.time())

    return observe


def _show_chains(metrics: Metrics, snapshot: Snapshot) -> None:
    for livemode, chain in snapshot.chains.items():
        mode = mode_name(livemode)
        metrics.chain_failing.labels(mode).set(chain.failing)
        metrics.chain_disagreeing.labels(mode).set(chain.disagreeing)
        if chain.scanned_at is not None:
            metrics.chain_scanned_at.labels(mode).set(chain.scanned_at.timestamp())
        if chain.checked_at is not None:
            metrics.chain_checked_at.labels(mode).set(chain.checked_at.timestamp())
