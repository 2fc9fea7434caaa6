"""The routes under /pi/{id}: the checkout page, the receipt and the simulated payment.

The server renders every state. When the state has changed, the page's script replaces the old part with the newly
rendered part. Without JavaScript, the page reloads itself.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from sgate.chain.simulator.control import SimulatorControl
from sgate.core import errors
from sgate.core.memo import is_intent_id
from sgate.core.mode import Mode
from sgate.environment import Environment
from sgate.http.forms import form_of, refuse_other_sites
from sgate.objects.public_intent import opens
from sgate.objects.receipt import receipt_of
from sgate.services.payment_intents import PaymentIntents
from sgate.store.payment_intents import IntentView
from sgate.web.assets import built
from sgate.web.checkout import simulation, view
from sgate.web.checkout.messages import FINALITIES, NETWORKS
from sgate.web.checkout.page_state import EXPLORER_URLS
from sgate.web.rendering import (
    AnyRequest,
    Frame,
    StaticPage,
    chosen_language,
    page,
    part,
    render_error,
    web_link,
    words_for,
)

MISSING = StaticPage("missing.html", status=404)


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """The dependencies of the routes. `simulators` controls the simulated chain of the modes that use one."""

    intents: PaymentIntents
    modes: Mapping[bool, Mode]
    environment: Environment
    simulators: Mapping[bool, SimulatorControl]


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A visit to an intent's page.

    Attributes:
        found: the intent.
        mode: the mode of the intent.
        secret: the client secret, if the visitor sent the right one.
        language: the `lang` query parameter, if the visitor chose a language.
    """

    found: IntentView
    mode: Mode
    secret: str | None
    language: dict[str, str]

    @property
    def query(self) -> dict[str, str]:
        """The query parameters that are kept in links between the pages of the intent."""
        return {**({} if self.secret is None else {"client_secret": self.secret}), **self.language}

    def url(self, path: str = "", **also: str) -> str:
        """Return the URL of the intent's page, or of a page below it."""
        query = urlencode({**self.query, **also})
        return f"/pi/{self.found.intent.id}{path}" + (f"?{query}" if query else "")

    def frame(self, path: str = "", *, script: bool = False) -> Frame:
        """Return the frame of the page."""
        branding = self.found.branding
        return Frame(
            path=f"/pi/{self.found.intent.id}{path}",
            query=self.query,
            accent=branding.accent_color,
            frame_origins=branding.frame_origins,
            script=script,
        )


def routes(checkout: Checkout) -> list[HTTPRouteHandler]:
    """Return the checkout's routes. A server without a simulated chain has no route for paying on it."""

    @get("/pi/{intent_id:str}", exception_handlers={Exception: render_error})
    async def checkout_page(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Show the checkout page of a payment intent."""
        visit = await _visit(checkout, request, intent_id)
        if visit is None:
            return MISSING(request)
        return page(request, "checkout.html", frame=visit.frame(script=True), **_values(checkout, request, visit))

    @get("/pi/{intent_id:str}/slip", exception_handlers={Exception: render_error})
    async def checkout_slip(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Return the part of the page that changes."""
        visit = await _visit(checkout, request, intent_id)
        if visit is None:
            return MISSING(request)
        return part(request, "checkout_main.html", **_values(checkout, request, visit))

    @get("/pi/{intent_id:str}/receipt", exception_handlers={Exception: render_error})
    async def receipt_page(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Show the receipt, for printing."""
        visit = await _visit(checkout, request, intent_id)
        if visit is None:
            return MISSING(request)
        receipt = receipt_of(visit.found, visit.mode, private=visit.secret is not None)
        if receipt is None:
            return page(request, "no_receipt.html", frame=visit.frame("/receipt"), status=404, page_url=visit.url())
        return page(
            request,
            "receipt.html",
            frame=visit.frame("/receipt"),
            receipt=receipt,
            price_usd=view.price_usd(visit.found.intent),
            finality=FINALITIES,
            network=NETWORKS[receipt.network],
            explorer=EXPLORER_URLS.get(receipt.network),
            logo=visit.found.branding.logo,
            page_url=visit.url(),
            json_url=f"/public/payment_intents/{receipt.id}/receipt"
            + (f"?{urlencode({'client_secret': visit.secret})}" if visit.secret else ""),
        )

    return [checkout_page, checkout_slip, receipt_page, *([_simulate_route(checkout)] if checkout.simulators else [])]


def _simulate_route(checkout: Checkout) -> HTTPRouteHandler:
    presses = simulation.Presses()

    @post("/pi/{intent_id:str}/simulate", status_code=303, exception_handlers={Exception: render_error})
    async def simulate(request: AnyRequest, intent_id: FromPath[str]) -> Response[bytes]:
        """Pay on the simulated chain and redirect back to the page."""
        refuse_other_sites(request, next(iter(checkout.modes.values())).public_url)
        form = await form_of(request)
        visit = await _visit(checkout, request, intent_id, form.get("client_secret", ""))
        control = None if visit is None else checkout.simulators.get(visit.mode.livemode)
        if visit is None or control is None:
            return MISSING(request)
        if visit.secret is None:
            raise errors.Forbidden("Simulated payments need the client secret, which the checkout link contains.")
        note = await simulation.simulate(control, visit.found, form.get("kind", ""), presses)
        return Response(b"", status_code=303, headers={"Location": visit.url(note=note)})

    return simulate


async def _visit(checkout: Checkout, request: AnyRequest, intent_id: str, secret: str | None = None) -> Visit | None:
    """Return the visit, or None if the intent does not exist. `secret` overrides the client secret in the URL."""
    found = await checkout.intents.find(intent_id) if is_intent_id(intent_id) else None
    if found is None or found.intent.livemode not in checkout.modes:
        return None
    sent = request.query_params.get("client_secret") if secret is None else secret
    return Visit(
        found=found,
        mode=checkout.modes[found.intent.livemode],
        secret=sent if opens(found, sent) else None,
        language=chosen_language(request),
    )


def _values(checkout: Checkout, request: AnyRequest, visit: Visit) -> dict[str, Any]:
    """Return the template's values."""
    words, intent_id = words_for(request), visit.found.intent.id
    secret_query = f"?{urlencode({'client_secret': visit.secret})}" if visit.secret else ""
    values = view.values_of(
        visit.found,
        visit.mode,
        words,
        checkout.environment.now(),
        private=visit.secret is not None,
        page_link=f"{visit.mode.public_url}/pi/{intent_id}{secret_query}",
    )
    return {
        **values,
        "api_url": f"/public/payment_intents/{intent_id}{secret_query}",
        "events_url": f"/public/payment_intents/{intent_id}/events{secret_query}",
        "hint_url": f"/public/payment_intents/{intent_id}/hint",
        "page_url": visit.url(),
        "slip_url": visit.url("/slip"),
        "receipt_url": visit.url("/receipt"),
        "client_secret": visit.secret or "",
        "wallet": values["payable"] and built().wallet and visit.mode.network in view.WALLET_NETWORKS,
        "simulations": _simulations(checkout, visit, values["payable"] or values["collapsed"]),
        "note": simulation.NOTES.get(request.query_params.get("note", "")),
        "frame_origins": " ".join(visit.found.branding.frame_origins),
        "success_url": web_link(values["intent"].success_url),
        "cancel_url": web_link(values["intent"].cancel_url),
        "support_url": web_link(values["intent"].merchant.support_url),
    }


def _simulations(checkout: Checkout, visit: Visit, useful: bool) -> tuple[tuple[str, str], ...]:
    """Return the kinds of payment that the panel offers.

    The panel offers nothing on real networks, without the client secret, or if the customer should not pay.
    """
    offered = useful and visit.secret is not None and visit.mode.livemode in checkout.simulators
    return tuple(simulation.LABELS.items()) if offered else ()
