"""Payment intents: requests to a customer to pay an amount."""

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
    """Requests to a customer to pay an amount."""

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
        """Create a payment intent. Pass exactly one of `amount_sats` and `amount_usd`.

        Args:
            amount_sats: the amount in sats, from 1 to 2,100,000,000,000,000.
            amount_usd: the amount in US dollars, as a decimal string such as "19.99".
            currency: `sbtc`, the only currency.
            description: a description for the customer, at most 500 characters.
            metadata: up to 20 keys with text values. The customer never sees them.
            success_url: the page to which the customer returns after paying. `{id}` is replaced with the intent's id.
            cancel_url: the page to which the customer returns to cancel.
            expires_in: the number of seconds until the deadline, from 60 to 86400; by default 900.
            confirmation_policy: tiers by amount, which must be at least as strict as the merchant's policy.
            idempotency_key: a key such as your order's id. If your code repeats the call with the same key, no second
                intent is created.
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
        """Retrieve a payment intent with its payments."""
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
        """Update the description and the metadata. Omitted fields stay unchanged.

        None removes a field or a metadata key.
        """
        body = {"description": description, "metadata": metadata}
        return post(f"{PATH}/{path_id(intent_id)}", READ, body, idempotency_key)

    @call("cancelPaymentIntent")
    def cancel(
        self,
        intent_id: str,
        *,
        force: bool = False,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request[PaymentIntent]:
        """Cancel a payment intent that is waiting for payment.

        Args:
            force: whether to cancel it even if a payment has arrived. The payment is then held until you accept it or
                send it back.
            reason: why, for your records.
        """
        body = {"force": force or UNSET, "reason": unless_none(reason)}
        return post(f"{PATH}/{path_id(intent_id)}/cancel", READ, body, idempotency_key)

    @call("acceptPaymentIntent")
    def accept(self, intent_id: str, *, idempotency_key: str | None = None) -> Request[PaymentIntent]:
        """Accept the payments of an intent that arrived late or after it was canceled."""
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
        """List payment intents, newest first.

        Args:
            status: one of `Status`.
            from_date, to_date: the period, including both ends. A date stands for the whole day in UTC.
            metadata: key-value pairs. An intent must match all of them.
            starting_after, ending_before: the id of an intent, to list older or newer intents.
            page: a page number instead of a cursor. Only the first 10,000 objects can be reached this way.
            limit: the number of objects per page, at most 100; by default 10.
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
