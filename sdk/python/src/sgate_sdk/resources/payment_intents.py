"""Payment intents: what a customer is asked to pay."""

from collections.abc import Mapping, Sequence

from msgspec import UNSET, UnsetType

from sgate_sdk._calls import D, Resource, call, listing
from sgate_sdk._requests import ListAnswer, Moment, Request, get, list_reader, path_id, post, reader_of, unless_none
from sgate_sdk.models import PaymentIntent, Tier

PATH = "/v1/payment_intents"
READ = reader_of(PaymentIntent)
READ_LIST = list_reader(reader_of(PaymentIntent))
Policy = Sequence[Tier | Mapping[str, int]]


class PaymentIntents(Resource[D]):
    """What a customer is asked to pay, and what has come of it."""

    @call("createPaymentIntent")
    def create(
        self,
        *,
        amount_sats: int | str | None = None,
        amount_usd: str | None = None,
        currency: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, str] | None = None,
        success_url: str | None = None,
        cancel_url: str | None = None,
        expires_in: int | None = None,
        confirmation_policy: Policy | None = None,
        idempotency_key: str | None = None,
    ) -> Request[PaymentIntent]:
        """Ask for a payment. Give exactly one of `amount_sats` and `amount_usd`.

        Args:
            amount_sats: what is due, in sats, from 1 to 2,100,000,000,000,000.
            amount_usd: what is due, in US dollars, as a decimal string such as "19.99".
            currency: `sbtc`, the only one.
            description: shown to the payer; at most 500 characters.
            metadata: up to 20 keys with text values, never shown to payers.
            success_url: where the payer goes when it is paid; `{id}` is replaced.
            cancel_url: where the payer goes to give up.
            expires_in: seconds until the deadline, 60 to 86400; by default 900.
            confirmation_policy: tiers by amount; at least as strict as the merchant's.
            idempotency_key: give your order's id, and a create that is repeated by your code makes no second intent.
        """
        body = {
            "amount_sats": unless_none(amount_sats),
            "amount_usd": unless_none(amount_usd),
            "currency": unless_none(currency),
            "description": unless_none(description),
            "metadata": unless_none(metadata),
            "success_url": unless_none(success_url),
            "cancel_url": unless_none(cancel_url),
            "expires_in": unless_none(expires_in),
            "confirmation_policy": unless_none(confirmation_policy),
        }
        return post(PATH, READ, body, idempotency_key)

    @call("retrievePaymentIntent")
    def retrieve(self, intent_id: str) -> Request[PaymentIntent]:
        """One payment intent, as it is now, with its payments."""
        return get(f"{PATH}/{path_id(intent_id)}", READ)

    @call("updatePaymentIntent")
    def update(
        self,
        intent_id: str,
        *,
        description: str | UnsetType | None = UNSET,
        metadata: Mapping[str, str | None] | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> Request[PaymentIntent]:
        """Change what you say about it. What is not given stays; None removes, also as a value of `metadata`."""
        body = {"description": description, "metadata": metadata}
        return post(f"{PATH}/{path_id(intent_id)}", READ, body, idempotency_key)

    @call("cancelPaymentIntent")
    def cancel(self, intent_id: str, *, idempotency_key: str | None = None) -> Request[PaymentIntent]:
        """Give it up, while it waits and no payment is known."""
        return post(f"{PATH}/{path_id(intent_id)}/cancel", READ, {}, idempotency_key)

    @call("acceptPaymentIntent")
    def accept(self, intent_id: str, *, idempotency_key: str | None = None) -> Request[PaymentIntent]:
        """Count money that came late, or after a cancel."""
        return post(f"{PATH}/{path_id(intent_id)}/accept", READ, {}, idempotency_key)

    @listing("listPaymentIntents")
    def list(
        self,
        *,
        status: str | None = None,
        from_date: Moment | None = None,
        to_date: Moment | None = None,
        metadata: Mapping[str, str] | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        page: int | None = None,
        limit: int | None = None,
    ) -> Request[ListAnswer[PaymentIntent]]:
        """Payment intents, newest first.

        Args:
            status: one of `Status`.
            from_date, to_date: both included; a date means the whole day, UTC.
            metadata: pairs that must all be there.
            starting_after, ending_before: an intent's id, to go on to older, or to newer ones.
            page: instead of a cursor, for the first 10,000.
            limit: objects per page, at most 100; by default 10.
        """
        return get(
            PATH,
            READ_LIST,
            status=status,
            from_date=from_date,
            to_date=to_date,
            metadata=metadata,
            starting_after=starting_after,
            ending_before=ending_before,
            page=page,
            limit=limit,
        )
