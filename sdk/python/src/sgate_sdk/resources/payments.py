"""Payments and deposits: transfers on the chain, with or without a payment intent."""

from sgate_sdk._calls import D, Resource, call, listing
from sgate_sdk._requests import ListAnswer, Request, get, list_reader, path_id, post, reader_of
from sgate_sdk.models import Payment

PATH = "/v1/payments"
READ = reader_of(Payment)
READ_LIST = list_reader(reader_of(Payment))


class Payments(Resource[D]):
    """sBTC transfers on the chain."""

    @listing("listPayments")
    def list(
        self,
        *,
        unmatched: bool | None = None,
        payment_intent: str | None = None,
        starting_after: str | None = None,
        ending_before: str | None = None,
        limit: int | None = None,
    ) -> Request[ListAnswer[Payment]]:
        """List payments, newest first. With `unmatched=True`, list deposits that name none of your payment intents."""
        return get(
            PATH,
            READ_LIST,
            unmatched=unmatched,
            payment_intent=payment_intent,
            starting_after=starting_after,
            ending_before=ending_before,
            limit=limit,
        )

    @call("retrievePayment")
    def retrieve(self, payment_id: str) -> Request[Payment]:
        """Retrieve a payment."""
        return get(f"{PATH}/{path_id(payment_id)}", READ)

    @call("assignPayment")
    def assign(self, payment_id: str, *, payment_intent: str, idempotency_key: str | None = None) -> Request[Payment]:
        """Assign an unmatched deposit to a payment intent."""
        body = {"payment_intent": payment_intent}
        return post(f"{PATH}/{path_id(payment_id)}/assign", READ, body, idempotency_key)

    @call("markPaymentRefunded")
    def mark_refunded(self, payment_id: str, *, tx_id: str, idempotency_key: str | None = None) -> Request[Payment]:
        """Record that you sent a payment back yourself, in the transaction `tx_id`."""
        return post(f"{PATH}/{path_id(payment_id)}/mark_refunded", READ, {"tx_id": tx_id}, idempotency_key)
