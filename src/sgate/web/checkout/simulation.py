"""The "Simulate payment" panel: buttons that make a correct or faulty payment on the simulated chain."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec
import structlog

from sgate.chain.simulator.control import SimulatorControl
from sgate.chain.simulator.transactions import RefusedTransfer
from sgate.chain.source import ChainUnavailable
from sgate.core.intent import PaymentIntent
from sgate.core.memo import memo_of
from sgate.store.payment_intents import IntentView
from sgate.web.i18n import N_

AFTER_GRACE = timedelta(seconds=2)
"""A payment this long after the grace period is certain to be late, although block times are whole seconds."""

MAX_PAYMENTS = 20
"""Maximum number of simulated payments for one intent. This is more than anyone needs to try out an intent."""

MAX_COUNTED_INTENTS = 10_000


class Simulation(StrEnum):
    """A kind of payment that the panel offers."""

    EXACT = "exact"
    HALF = "half"
    DOUBLE = "double"
    LATE = "late"
    NO_MEMO = "no_memo"


LABELS: Mapping[Simulation, str] = {
    Simulation.EXACT: N_("Pay the amount due"),
    Simulation.HALF: N_("Pay half"),
    Simulation.DOUBLE: N_("Pay double"),
    Simulation.LATE: N_("Pay after the deadline"),
    Simulation.NO_MEMO: N_("Pay without the memo"),
}
NOTES: Mapping[str, str] = {
    "exact": N_("Sent. It will be in the next block."),
    "half": N_("Half the amount was sent. It will be in the next block."),
    "double": N_("Twice the amount was sent. It will be in the next block."),
    "late": N_("Scheduled. It will be sent once the deadline and the grace period have passed."),
    "no_memo": N_(
        "Sent without the memo. The payment cannot be matched to this request, so nothing will happen on this page."
    ),
    "refused": N_("The simulated chain refused the payment."),
    "unavailable": N_("The simulated chain is not responding. Is it running?"),
    "unknown": N_("Unknown kind of payment."),
    "enough": N_("No more payments can be simulated for this payment request. Create a new one."),
}
"""The sentences that are shown after a button was pressed, by the value of the `note` query parameter."""


class Presses:
    """Counts the simulated payments of each intent in this process, so that one intent cannot flood the chain."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def allow(self, found: IntentView) -> bool:
        """Count a payment of an intent, unless the intent has had MAX_PAYMENTS of them."""
        intent_id = found.intent.id
        made = max(self._counts.pop(intent_id, 0), len(found.payments))
        if len(self._counts) >= MAX_COUNTED_INTENTS:
            del self._counts[next(iter(self._counts))]  # the one that was paid longest ago
        self._counts[intent_id] = made + (made < MAX_PAYMENTS)
        return made < MAX_PAYMENTS


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    amount_sats: int
    memo: bytes | None
    not_before: float | None = None


async def simulate(control: SimulatorControl, found: IntentView, kind: str, presses: Presses) -> str:
    """Pay an intent on the simulated chain. Returns a key of `NOTES`."""
    if kind not in set(Simulation):
        return "unknown"
    if not presses.allow(found):
        return "enough"
    intent = found.intent
    order = _order(intent, Simulation(kind))
    try:
        await control.transfer(intent.terms.pay_address, order.amount_sats, order.memo, not_before=order.not_before)
    except RefusedTransfer:
        return "refused"
    except ChainUnavailable as error:
        structlog.get_logger("sgate.checkout").warning("simulator_unavailable", reason=str(error))
        return "unavailable"
    return kind


def _order(intent: PaymentIntent, kind: Simulation) -> _Order:
    due_sats, memo = intent.amount_due_sats or intent.terms.amount_sats, memo_of(intent.id)
    match kind:
        case Simulation.EXACT:
            return _Order(amount_sats=due_sats, memo=memo)
        case Simulation.HALF:
            return _Order(amount_sats=max(1, due_sats // 2), memo=memo)
        case Simulation.DOUBLE:
            return _Order(amount_sats=due_sats * 2, memo=memo)
        case Simulation.LATE:
            return _Order(amount_sats=due_sats, memo=memo, not_before=_after_grace(intent).timestamp())
        case Simulation.NO_MEMO:
            return _Order(amount_sats=due_sats, memo=None)
        case _:
            assert_never(kind)


def _after_grace(intent: PaymentIntent) -> datetime:
    return intent.terms.in_time_until + AFTER_GRACE
