"""The values for the checkout templates: the facts about an intent, in the visitor's language. No I/O."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sgate.core.address import Network
from sgate.core.intent import PaymentIntent
from sgate.core.mode import Mode
from sgate.objects.public_intent import public_intent
from sgate.store.payment_intents import IntentView
from sgate.web.checkout import messages, page_state
from sgate.web.checkout.page_state import BUSY, COLLAPSED, PAYABLE, Picture
from sgate.web.i18n import Words
from sgate.web.svg import cells, qr_svg

WALLET_NETWORKS = frozenset({Network.MAINNET, Network.TESTNET})
"""Networks on which real wallets can pay. The addresses of the simulated chain belong to nobody: a real wallet would
send real tokens to them.
"""

STATE_CLASSES = {
    Picture.CONFIRMED: "good",
    Picture.PARTIAL: "warn",
    Picture.LOST: "warn",
    Picture.TIME_UP: "warn",
    Picture.EXPIRED: "bad",
    Picture.FAILED: "bad",
    Picture.CANCELED: "bad",
}
"""The CSS class of the box that shows the state. For the other pictures, it is `calm`."""

STAGES_REACHED = {Picture.SEEN: 1, Picture.LOST: 1, Picture.PROCESSING: 2, Picture.CONFIRMED: 3}
"""How many of the three stages (sent, in a block, final) the payment has reached."""


def values_of(
    found: IntentView, mode: Mode, words: Words, now: datetime, *, private: bool, page_link: str
) -> dict[str, Any]:
    """Return the values for the templates. `page_link` is the page's full URL, for its QR code."""
    stored = found.intent
    intent = public_intent(found, mode, now, private=private)
    picture = page_state.picture_of(found, now)
    title = words(messages.UNDONE if page_state.is_undone(picture, stored) else messages.TITLES[picture])
    steps = page_state.steps_of(intent.required, found.payments, found.scanned)
    excess = page_state.excess_of(stored)
    contract, _, token = mode.asset.partition("::")
    return {
        "intent": intent,
        "picture": picture,
        "title": title,
        "announcement": _announcement(words, title, picture, intent.amount_due_sats),
        "kind": STATE_CLASSES.get(picture, "calm"),
        "busy": picture in BUSY,
        "payable": picture in PAYABLE,
        "collapsed": picture in COLLAPSED,
        "may_still_count": page_state.may_still_count(stored, now),
        "price_usd": price_usd(stored),
        "stages_reached": STAGES_REACHED.get(picture, 0),
        "needs": messages.needs(words, intent.required),
        "takes": messages.duration(words, page_state.minutes_needed(intent.required)),
        "left": messages.duration(words, page_state.minutes_left(steps)),
        "steps": [
            (words(messages.UNITS[step.unit]), step.done, step.needed, cells(step.done, step.needed)) for step in steps
        ],
        "excess": None if excess is None else words(messages.EXCESS[excess]),
        "excess_sats": page_state.excess_sats(stored),
        "held": bool({"paid_late", "paid_after_cancel", "canceled_with_payment"} & set(intent.exceptions)),
        "chain_unavailable": page_state.chain_is_unavailable(found, now) and picture in BUSY,
        "transactions": page_state.transactions_of(found.payments, mode.network),
        "leave": _leave(words, picture),
        "seconds_left": _whole_seconds(now, stored.terms.expires_at),
        "seconds_in_all": _whole_seconds(stored.created_at, stored.terms.expires_at),
        "logo": found.branding.logo,
        "address_code": qr_svg(intent.pay_address),
        "page_code": qr_svg(page_link),
        "contract": contract,
        "token": token,
        "script_words": dict(_script_words(words, mode)),
    }


def price_usd(intent: PaymentIntent) -> str | None:
    """Return the exact price in dollars, or None if the price was set in sats."""
    return intent.quote.amount_usd if intent.quote is not None and intent.quote.is_price else None


def _announcement(words: Words, title: str, picture: Picture, due_sats: int) -> str:
    """Return the announcement for screen readers when the picture changes."""
    if picture is not Picture.PARTIAL:
        return title
    still_due = words("%(amount)s sats are still due", amount=words.number(due_sats))
    return f"{title}. {still_due}"


def _leave(words: Words, picture: Picture) -> str | None:
    """Return the label of the merchant's cancel link, or None if a payment was sent and leaving would be wrong."""
    if picture is Picture.WAITING:
        return words("Cancel and go back")
    closed = {Picture.TIME_UP, Picture.EXPIRED, Picture.FAILED, Picture.CANCELED}
    return words("Go back") if picture in closed else None


def _script_words(words: Words, mode: Mode) -> Iterator[tuple[str, str]]:
    """Yield the script's sentences by name. The network's name is filled in here, the other values by the script."""
    for name, text in messages.SCRIPT.items():
        translated = words.catalog.gettext(text)
        yield name, translated.replace("%(network)s", words(messages.NETWORKS[mode.network]))


def _whole_seconds(since: datetime, until: datetime) -> int:
    return max(0, int((until - since).total_seconds()))
