"""Calls that need no API key: the customer's view of a payment intent, and the health of the server."""

from sgate_sdk._calls import D, Resource, call, streaming
from sgate_sdk._requests import Request, change, get, path_id, reader_of
from sgate_sdk.models import Alive, HealthReport, Hint, PublicPaymentIntent, Receipt

PATH = "/public/payment_intents"
READ = reader_of(PublicPaymentIntent)
READ_HINT = reader_of(Hint)
READ_RECEIPT = reader_of(Receipt)
READ_HEALTH = reader_of(HealthReport)
READ_ALIVE = reader_of(Alive)


class PublicCalls(Resource[D]):
    """The customer's view of payment intents.

    The description and the return URLs are returned only with the client secret.
    """

    @call("retrievePublicPaymentIntent")
    def retrieve(self, intent_id: str, *, client_secret: str | None = None) -> Request[PublicPaymentIntent]:
        """Retrieve the customer's view of a payment intent."""
        return get(f"{PATH}/{path_id(intent_id)}", READ, public=True, client_secret=client_secret)

    @call("giveHint")
    def hint(self, intent_id: str, *, tx_id: str, client_secret: str) -> Request[Hint]:
        """Report the transaction that the wallet sent. The server checks it and never trusts the report itself."""
        body = {"tx_id": tx_id, "client_secret": client_secret}
        return change("POST", f"{PATH}/{path_id(intent_id)}/hint", READ_HINT, body, public=True)

    @call("retrieveReceipt")
    def receipt(self, intent_id: str, *, client_secret: str | None = None) -> Request[Receipt]:
        """Retrieve the receipt. It exists as soon as a payment is in a block."""
        return get(f"{PATH}/{path_id(intent_id)}/receipt", READ_RECEIPT, public=True, client_secret=client_secret)

    @streaming("streamPublicPaymentIntent")
    def stream(self, intent_id: str, *, client_secret: str | None = None) -> Request[PublicPaymentIntent]:
        """Stream the payment intent: first its current state, then each change."""
        return get(f"{PATH}/{path_id(intent_id)}/events", READ, public=True, client_secret=client_secret)


class HealthCalls(Resource[D]):
    """The server's health. An unhealthy server responds with an error."""

    @call("health")
    def retrieve(self) -> Request[HealthReport]:
        """Retrieve the health of each component."""
        return get("/health", READ_HEALTH, public=True)

    @call("healthLive")
    def live(self) -> Request[Alive]:
        """Check that the process is running."""
        return get("/health/live", READ_ALIVE, public=True)

    @call("healthReady")
    def ready(self) -> Request[Alive]:
        """Check that the server accepts requests."""
        return get("/health/ready", READ_ALIVE, public=True)
