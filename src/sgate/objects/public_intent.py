"""The customer's view of a payment intent.

The id of an intent is public, because it is the memo on the chain. The id therefore gives access only to the fields
that are needed to pay. The client secret, which is part of the checkout URL, also gives access to the description and
the return URLs.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from sgate.core.credential import same_secret
from sgate.core.finality import Finality, Tier, View, tier_for
from sgate.core.intent import accepts_payment
from sgate.core.memo import memo_hex_of
from sgate.core.mode import Mode
from sgate.core.text import shown_line, shown_lines
from sgate.objects.encoding import encode, iso_ms, iso_ms_bytes
from sgate.objects.fields import (
    OBJECT,
    AmountDue,
    AmountReceived,
    AmountRemaining,
    Asset,
    CancelUrl,
    Currency,
    CurrentFinality,
    Description,
    EventCount,
    Exceptions,
    ExpiresAt,
    IntentId,
    IntentStatus,
    LeastConfirmations,
    Livemode,
    Memo,
    MemoHex,
    NetworkName,
    PayAddress,
    ServerTime,
    SuccessUrl,
    TransactionId,
    Url,
    doc,
)
from sgate.objects.payment_intent import QuoteAtCreation, quote_object, settledness
from sgate.store.payment_intents import IntentView

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_SERVER_TIME = b'"server_time":"%s"' % iso_ms(_SOME_TIME).encode()


class MerchantCard(msgspec.Struct, frozen=True, kw_only=True):
    """The merchant, as shown to customers."""

    name: Annotated[str, doc("Name of the merchant.", "Corner Coffee")]
    support_url: Annotated[Url | None, doc("URL of the page where customers get help.")]


class PublicIntent(msgspec.Struct, frozen=True, kw_only=True):
    """The customer's view of a payment intent."""

    id: IntentId
    object: Annotated[Literal["payment_intent"], OBJECT] = "payment_intent"
    livemode: Livemode
    network: NetworkName
    asset: Asset
    status: IntentStatus
    exceptions: Exceptions
    accepts_payment: Annotated[
        bool,
        doc(
            "`true` while the customer should still pay; otherwise they must not. `false` also while a payment that a "
            "reorganization removed may be mined again.",
            True,
        ),
    ]
    amount_sats: AmountDue
    amount_received_sats: AmountReceived
    amount_due_sats: AmountRemaining
    currency: Currency = "sbtc"
    pay_address: PayAddress
    memo: Memo
    memo_hex: MemoHex
    confirmations: LeastConfirmations
    finality: CurrentFinality
    required: Annotated[Tier, doc("Conditions for the payment to be final, from the confirmation policy.")]
    quote: QuoteAtCreation
    expires_at: ExpiresAt
    server_time: ServerTime
    merchant: Annotated[MerchantCard, doc("The merchant that is paid.")]
    tx_ids: Annotated[
        tuple[TransactionId, ...],
        doc(
            "Ids of the transactions with payments, in chain order. A transaction that a reorganization removed stays "
            "listed until it is known to have been dropped."
        ),
    ]
    sequence: EventCount
    description: Annotated[Description, doc("Description of what is paid for. Null without the client secret.")]
    success_url: Annotated[
        SuccessUrl, doc("URL that the customer can go to after paying. Null without the client secret.")
    ]
    cancel_url: Annotated[
        CancelUrl, doc("URL that the customer can go to instead of paying. Null without the client secret.")
    ]


def opens(found: IntentView, client_secret: str | None) -> bool:
    """Return whether the client secret belongs to the intent."""
    return client_secret is not None and same_secret(client_secret, found.intent.client_secret)


def public_intent(found: IntentView, mode: Mode, now: datetime, *, private: bool) -> PublicIntent:
    """Return the customer's view. `private` is true if the client secret was given."""
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
        accepts_payment=accepts_payment(intent.status) and not any(paid.may_return for paid in found.payments),
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
        merchant=MerchantCard(name=shown_line(found.merchant_name), support_url=found.support_url),
        tx_ids=tuple(dict.fromkeys(payment.tx_id for payment in found.payments if not payment.is_dropped)),
        sequence=intent.sequence,
        description=shown_lines(intent.description) if private and intent.description is not None else None,
        success_url=intent.success_url if private else None,
        cancel_url=intent.cancel_url if private else None,
    )


class PublicBody(NamedTuple):
    """The JSON of a customer's view without the current time, which is inserted between `before` and `after`.

    `view` is the view of the chain in which the intent was evaluated.
    """

    view: View | None
    before: bytes
    after: bytes

    def at(self, now: datetime) -> bytes:
        """Return the complete JSON."""
        return b"".join((self.before, iso_ms_bytes(now), self.after))


def public_body(found: IntentView, mode: Mode, view: View | None, *, private: bool) -> PublicBody:
    """Return the customer's view, evaluated in `view`. The current time is inserted later (see `PublicBody.at`)."""
    seen = public_intent(msgspec.structs.replace(found, scanned=view), mode, _SOME_TIME, private=private)
    before, after = encode(seen).split(_SERVER_TIME)  # occurs only once, because quotes within a value are escaped
    return PublicBody(view, before + b'"server_time":"', b'"' + after)
