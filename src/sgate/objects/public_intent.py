"""What a payer may see of an intent. The bare id is public (it is the memo on the chain), so it shows only what a
payer needs; the client secret, which the checkout link carries, opens the description and the return links.
"""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from sgate.core.credential import same_secret
from sgate.core.finality import Finality, Tier, View, tier_for
from sgate.core.intent import Status, accepts_payment
from sgate.core.memo import memo_hex_of
from sgate.core.mode import Mode
from sgate.objects.encoding import encode, iso_ms, iso_ms_bytes
from sgate.objects.payment_intent import QuoteObject, quote_object, settledness
from sgate.store.payment_intents import IntentView

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_SERVER_TIME = b'"server_time":"%s"' % iso_ms(_SOME_TIME).encode()


class MerchantCard(msgspec.Struct, frozen=True, kw_only=True):
    """Who is paid."""

    name: str
    support_url: str | None


class PublicIntent(msgspec.Struct, frozen=True, kw_only=True):
    """A payment intent as a payer sees it.

    `required` is what the payment needs to be final, from the confirmation policy. `accepts_payment` says whether to
    pay at all. `description`, `success_url` and `cancel_url` are null without the client secret.
    """

    id: str
    object: str = "payment_intent"
    livemode: bool
    network: str
    asset: str
    status: Status
    exceptions: tuple[str, ...]
    accepts_payment: bool
    amount_sats: int
    amount_received_sats: int
    amount_due_sats: int
    currency: str = "sbtc"
    pay_address: str
    memo: str
    memo_hex: str
    confirmations: int
    finality: Finality | None
    required: Tier
    quote: QuoteObject | None
    expires_at: str
    server_time: str
    merchant: MerchantCard
    tx_ids: tuple[str, ...]
    sequence: int
    description: str | None
    success_url: str | None
    cancel_url: str | None


def opens(found: IntentView, client_secret: str | None) -> bool:
    """Whether the client secret is the intent's."""
    return client_secret is not None and same_secret(client_secret, found.intent.client_secret)


def public_intent(found: IntentView, mode: Mode, now: datetime, *, private: bool) -> PublicIntent:
    """What a payer sees. `private` says that the client secret was shown."""
    intent, terms = found.intent, found.intent.terms
    confirmations, finality = settledness(found.payments, found.scanned)
    if finality is None and found.sighted_at is not None:
        finality = Finality.SEEN
    return PublicIntent(
        id=intent.id,
        livemode=intent.livemode,
        network=mode.network,
        asset=mode.asset,
        status=intent.status,
        exceptions=tuple(sorted(intent.anomalies)),
        accepts_payment=accepts_payment(intent.status),
        amount_sats=terms.amount_sats,
        amount_received_sats=intent.amount_received_sats,
        amount_due_sats=intent.amount_due_sats,
        pay_address=terms.pay_address,
        memo=intent.id,
        memo_hex=memo_hex_of(intent.id),
        confirmations=confirmations,
        finality=finality,
        required=tier_for(terms.policy, max(terms.amount_sats, *(paid.amount_sats for paid in found.payments), 0)),
        quote=quote_object(intent.quote),
        expires_at=iso_ms(terms.expires_at),
        server_time=iso_ms(now),
        merchant=MerchantCard(name=found.merchant_name, support_url=found.support_url),
        tx_ids=tuple(dict.fromkeys(payment.tx_id for payment in found.payments)),
        sequence=intent.sequence,
        description=intent.description if private else None,
        success_url=intent.success_url if private else None,
        cancel_url=intent.cancel_url if private else None,
    )


class PublicBody(NamedTuple):
    """A public view as JSON, but for the time at which it is shown. `view`: the chain it was judged in."""

    view: View | None
    before: bytes
    after: bytes

    def at(self, now: datetime) -> bytes:
        """The whole."""
        return b"".join((self.before, iso_ms_bytes(now), self.after))


def public_body(found: IntentView, mode: Mode, view: View | None, *, private: bool) -> PublicBody:
    """What a payer sees, judged in `view`, to be shown at any time."""
    seen = public_intent(msgspec.structs.replace(found, scanned=view), mode, _SOME_TIME, private=private)
    before, after = encode(seen).split(_SERVER_TIME)  # in a value its quotes would be escaped
    return PublicBody(view, before + b'"server_time":"', b'"' + after)
