"""/pi/{id}: the page where a customer pays. Also what says that there is no such page.

The server draws every state; the script only asks whether something changed and swaps the drawn part. So there is one
place that knows what a state looks like, and without JavaScript the page reloads itself.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import segno
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.chain.simulator.control import SimulatorControl
from sgate.core.memo import is_intent_id
from sgate.gateway.deployment import Mode
from sgate.gateway.environment import Environment
from sgate.gateway.intents import Intents
from sgate.gateway.public_view import opens, public_intent
from sgate.store.intents import IntentView
from sgate.web import pictures, simulation
from sgate.web.pages import CHECKOUT_SCRIPT, page, trouble
from sgate.web.pictures import BUSY, PAYABLE, RECONSIDERED, TITLES, Picture

AnyRequest = Request[Any, Any, Any]

QR_QUIET_ZONE = 4
"""White modules around the code, as its standard asks; without them scanners fail on a dark page."""


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What the page works with. `simulators`: who can pay on the simulated chain, for the modes that run on it."""

    intents: Intents
    modes: Mapping[bool, Mode]
    environment: Environment
    simulators: Mapping[bool, SimulatorControl]


def routes(checkout: Checkout) -> list[HTTPRouteHandler]:
    """The checkout's routes."""

    @get("/pi/{intent_id:str}", exception_handlers={Exception: trouble})
    async def checkout_page(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """The page of one payment intent."""
        found = await _find(checkout, intent_id)
        if found is None:
            return page("missing.html", status=404)
        secret = request.query_params.get("client_secret")
        note = simulation.NOTES.get(request.query_params.get("note", ""))
        return _page(checkout, found, secret if opens(found, secret) else None, note)

    @post("/pi/{intent_id:str}/simulate", status_code=303, exception_handlers={Exception: trouble})
    async def simulate(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Pay on the simulated chain, then back to the page."""
        found = await _find(checkout, intent_id)
        control = None if found is None else checkout.simulators.get(found.intent.livemode)
        if found is None or control is None:
            return page("missing.html", status=404)
        form = await request.form()
        note = await simulation.simulate(control, found.intent, str(form.get("kind", "")))
        secret = str(form.get("client_secret", ""))
        url = _url_of(found, secret if opens(found, secret) else None, note)
        return Response(b"", status_code=303, headers={"Location": url})

    return [checkout_page, simulate]


def qr_svg(text: str) -> str:
    """A QR code as SVG, dark on a transparent ground; the page puts white behind it."""
    return segno.make(text, error="m", micro=False).svg_inline(
        border=QR_QUIET_ZONE, omitsize=True, svgclass="qr-code", lineclass=None, dark="#101418"
    )


async def _find(checkout: Checkout, intent_id: str) -> IntentView | None:
    found = await checkout.intents.find(intent_id) if is_intent_id(intent_id) else None
    return found if found is not None and found.intent.livemode in checkout.modes else None


def _url_of(found: IntentView, secret: str | None, note: str | None = None) -> str:
    """The page's own address. `secret`: the intent's client secret, if the caller showed it."""
    given = {name: value for name, value in (("client_secret", secret), ("note", note)) if value is not None}
    return f"/pi/{found.intent.id}" + (f"?{urlencode(given)}" if given else "")


def _page(checkout: Checkout, found: IntentView, secret: str | None, note: str | None) -> Response[bytes]:
    now = checkout.environment.now()
    mode, stored = checkout.modes[found.intent.livemode], found.intent
    intent = public_intent(found, mode, now, private=secret is not None)
    picture = pictures.picture_of(found, now)
    return page(
        "checkout.html",
        script=CHECKOUT_SCRIPT,
        intent=intent,
        picture=picture,
        title=TITLES[picture],
        busy=picture in BUSY,
        payable=picture in PAYABLE,
        reconsidered=picture in RECONSIDERED,
        needs=pictures.needs_in_words(intent.required),
        steps=pictures.steps_of(intent.required, found.payments, found.scanned),
        excess_sats=pictures.excess_sats(stored),
        excess_notice=pictures.excess_notice(stored),
        transactions=pictures.transactions_of(found.payments, mode.network),
        leave=_leave(picture),
        seconds_left=_whole_seconds(now, stored.terms.expires_at),
        seconds_in_all=_whole_seconds(stored.created_at, stored.terms.expires_at),
        qr=qr_svg(intent.pay_address),
        api_url=f"/public{_url_of(found, secret).replace('/pi/', '/payment_intents/', 1)}",
        page_url=_url_of(found, secret),
        client_secret=secret or "",
        simulations=tuple(simulation.LABELS.items()) if stored.livemode in checkout.simulators else (),
        note=note,
    )


def _leave(picture: Picture) -> str | None:
    """What the merchant's cancel link is called; None where money is on its way or here, and that is wrong."""
    if picture is Picture.WAITING:
        return "Cancel and go back"
    return "Go back" if picture in {Picture.TIME_UP, Picture.EXPIRED, Picture.FAILED, Picture.CANCELED} else None


def _whole_seconds(since: datetime, until: datetime) -> int:
    return max(0, int((until - since).total_seconds()))
