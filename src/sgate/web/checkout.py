"""/pi/{id}: the page where a customer pays. Also what says that there is no such page.

The server draws every state; the script only asks whether something changed and swaps the drawn part. So there is one
place that knows what a state looks like, and without JavaScript the page reloads itself.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

import msgspec
import segno
import structlog
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler

from sgate.chain.simulator.control import SimulatorControl
from sgate.chain.simulator.transactions import RefusedTransfer
from sgate.chain.source import ChainUnavailable
from sgate.core.finality import Finality, Tier
from sgate.core.intent import Anomaly, Status
from sgate.core.memo import is_intent_id, memo_of
from sgate.gateway.deployment import Mode
from sgate.gateway.environment import Environment
from sgate.gateway.intents import Intents
from sgate.gateway.public_view import PublicIntent, opens, public_intent
from sgate.store.intents import IntentView
from sgate.web.pages import CHECKOUT_SCRIPT, page

AnyRequest = Request[object, object, object]

MINUTES_PER_BITCOIN_BLOCK = 10
SECONDS_PER_STACKS_BLOCK = 5


class View(StrEnum):
    """What the page shows. Two axes (status, and what has come) become one list of pictures."""

    WAITING = "waiting"
    SEEN = "seen"
    PARTIAL = "partial"
    PROCESSING = "processing"
    CONFIRMED = "confirmed"
    EXPIRED = "expired"
    FAILED = "failed"
    CANCELED = "canceled"


class Simulation(StrEnum):
    """What the panel of the simulated chain can do."""

    EXACT = "exact"
    HALF = "half"
    DOUBLE = "double"
    LATE = "late"
    NO_MEMO = "no_memo"


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What the page works with. `simulators`: who can pay on the simulated chain, for the modes that run on it."""

    intents: Intents
    modes: Mapping[bool, Mode]
    environment: Environment
    simulators: Mapping[bool, SimulatorControl]


def routes(checkout: Checkout) -> list[HTTPRouteHandler]:
    """The checkout's routes."""

    @get("/pi/{intent_id:str}")
    async def checkout_page(request: AnyRequest, intent_id: str) -> Response[bytes]:
        """The page of one payment intent."""
        found = await checkout.intents.find(intent_id) if is_intent_id(intent_id) else None
        mode = None if found is None else checkout.modes.get(found.intent.livemode)
        if found is None or mode is None:
            return page("missing.html", status=404)
        secret = request.query_params.get("client_secret")
        return _page(checkout, found, mode, secret, note=request.query_params.get("note"))

    @post("/pi/{intent_id:str}/simulate", status_code=303)
    async def simulate(request: AnyRequest, intent_id: str) -> Response[bytes]:
        """Pay on the simulated chain, then back to the page."""
        found = await checkout.intents.find(intent_id) if is_intent_id(intent_id) else None
        if found is None or found.intent.livemode not in checkout.simulators:
            return page("missing.html", status=404)
        form = await request.form()
        note = await _simulate(checkout, found, str(form.get("kind", "")))
        secret = str(form.get("client_secret", ""))
        query = f"?client_secret={secret}" if opens(found, secret) else "?"
        return Response(b"", status_code=303, headers={"Location": f"/pi/{intent_id}{query}&note={note}"})

    return [checkout_page, simulate]


def view_of(intent: PublicIntent) -> View:
    """Which picture fits."""
    match intent.status:
        case Status.REQUIRES_PAYMENT if intent.amount_received_sats:
            return View.PARTIAL
        case Status.REQUIRES_PAYMENT if intent.finality is Finality.SEEN:
            return View.SEEN
        case Status.REQUIRES_PAYMENT:
            return View.WAITING
        case Status.PROCESSING:
            return View.PROCESSING
        case Status.CONFIRMED:
            return View.CONFIRMED
        case Status.EXPIRED:
            return View.EXPIRED
        case Status.FAILED:
            return View.FAILED
        case Status.CANCELED:
            return View.CANCELED
        case _:
            assert_never(intent.status)


def needs_in_words(required: Tier) -> str:
    """What a payment needs to be final, with a guess in minutes."""
    parts: list[str] = []
    minutes = 0.0
    if required.stacks_blocks:
        blocks = "block" if required.stacks_blocks == 1 else "blocks"
        parts.append(f"{required.stacks_blocks} Stacks {blocks}")
        minutes = required.stacks_blocks * SECONDS_PER_STACKS_BLOCK / 60
    for number, name in ((required.tenure_changes, "new tenure"), (required.bitcoin_blocks, "Bitcoin block")):
        if number:
            parts.append(f"{number} {name}{'s' if number > 1 else ''}")
            minutes = max(minutes, number * MINUTES_PER_BITCOIN_BLOCK)
    guess = "under a minute" if minutes < 1 else f"about {round(minutes)} minutes"
    return f"{' and '.join(parts)} ({guess})"


def qr_svg(text: str) -> str:
    """A QR code as SVG, dark on a transparent ground; the page puts white behind it."""
    return segno.make(text, error="m", micro=False).svg_inline(
        border=0, omitsize=True, svgclass="qr-code", lineclass=None, dark="#101418"
    )


def _page(checkout: Checkout, found: IntentView, mode: Mode, secret: str | None, note: str | None) -> Response[bytes]:
    now = checkout.environment.now()
    private = opens(found, secret)
    intent = public_intent(found, mode, now, private=private)
    view = view_of(intent)
    query = f"?client_secret={secret}" if private else ""
    return page(
        "checkout.html",
        script=CHECKOUT_SCRIPT,
        intent=intent,
        view=view,
        live=view in {View.WAITING, View.SEEN, View.PARTIAL, View.PROCESSING},
        needs=needs_in_words(intent.required),
        seconds_left=max(0, int((found.intent.terms.expires_at - now).total_seconds())),
        seconds_in_all=int((found.intent.terms.expires_at - found.intent.created_at).total_seconds()),
        qr=qr_svg(intent.pay_address),
        api_url=f"/public/payment_intents/{intent.id}{query}",
        page_url=f"/pi/{intent.id}{query}",
        client_secret=secret if private else "",
        simulations=tuple(_LABELS.items()) if found.intent.livemode in checkout.simulators else (),
        note=_NOTES.get(note or ""),
        late=Anomaly.PAID_LATE in intent.exceptions,
        anomalies=intent.exceptions,
    )


_LABELS: Mapping[Simulation, str] = {
    Simulation.EXACT: "Pay what is due",
    Simulation.HALF: "Pay half",
    Simulation.DOUBLE: "Pay double",
    Simulation.LATE: "Pay after the deadline",
    Simulation.NO_MEMO: "Pay without the memo",
}
_NOTES: Mapping[str, str] = {
    "exact": "Sent. It is in the next block.",
    "half": "Half of it is sent. It is in the next block.",
    "double": "Twice the amount is sent. It is in the next block.",
    "late": "Planned: the payment is sent right after the deadline and its grace time have passed.",
    "no_memo": "Sent without the memo: nobody can tell what it pays for, so nothing will happen here.",
    "refused": "The simulated chain refused the payment.",
    "away": "The simulated chain does not answer. Is it running?",
}


async def _simulate(checkout: Checkout, found: IntentView, kind: str) -> str:
    if kind not in set(Simulation):
        return "refused"
    intent, terms = found.intent, found.intent.terms
    due_sats = intent.amount_due_sats or terms.amount_sats
    amount_sats = {Simulation.HALF: max(1, due_sats // 2), Simulation.DOUBLE: due_sats * 2}.get(
        Simulation(kind), due_sats
    )
    memo = None if kind == Simulation.NO_MEMO else memo_of(intent.id)
    not_before = _after(terms.in_time_until) if kind == Simulation.LATE else None
    control = checkout.simulators[intent.livemode]
    try:
        await control.transfer(terms.pay_address, amount_sats, memo, not_before=not_before)
    except RefusedTransfer:
        return "refused"
    except ChainUnavailable as error:
        structlog.get_logger("sgate.checkout").warning("simulator_away", reason=str(error))
        return "away"
    return kind


def _after(moment: datetime) -> float:
    return (moment + timedelta(seconds=2)).timestamp()
