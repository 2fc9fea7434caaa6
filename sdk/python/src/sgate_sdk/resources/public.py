"""What needs no API key: what a payer may see, and how the server is."""

from sgate_sdk._calls import D, Resource, call, streaming
from sgate_sdk._requests import Request, change, get, path_id, reader_of
from sgate_sdk.models import Alive, HealthReport, Hint, PublicPaymentIntent, Receipt

PATH = "/public/payment_intents"
READ = reader_of(PublicPaymentIntent)
READ_HINT = reader_of(Hint)
READ_RECEIPT = reader_of(Receipt)
READ_HEALTH = reader_of(HealthReport)
READ_ALIVE = reader_of(Alive)


class Public(Resource[D]):
    """Payment intents as a payer sees them. With the client secret also description and return addresses."""

    @call("retrievePublicPaymentIntent")
    def retrieve(self, intent_id: str, *, client_secret: str | None = None) -> Request[PublicPaymentIntent]:
        """What a payer may see of a payment intent."""
        return get(f"{PATH}/{path_id(intent_id)}", READ, public=True, client_secret=client_secret)

    @call("giveHint")
    def hint(self, intent_id: str, *, tx_id: str, client_secret: str) -> Request[Hint]:
        """Tell which transaction the wallet sent: looked up soon, never believed."""
        body = {"tx_id": tx_id, "client_secret": client_secret}
        return change("POST", f"{PATH}/{path_id(intent_id)}/hint", READ_HINT, body, public=True)

    @call("retrieveReceipt")
    def receipt(self, intent_id: str, *, client_secret: str | None = None) -> Request[Receipt]:
        """What a customer may keep, as soon as a payment is in a block."""
        return get(f"{PATH}/{path_id(intent_id)}/receipt", READ_RECEIPT, public=True, client_secret=client_secret)

    @streaming("streamPublicPaymentIntent")
    def stream(self, intent_id: str, *, client_secret: str | None = None) -> Request[PublicPaymentIntent]:
        """The payment intent as it is now, and again each time something changes."""
        return get(f"{PATH}/{path_id(intent_id)}/events", READ, public=True, client_secret=client_secret)


class ServerHealth(Resource[D]):
    """How the server is. One that is unhealthy answers with an error."""

    @call("health")
    def retrieve(self) -> Request[HealthReport]:
        """Each part of it."""
        return get("/health", READ_HEALTH, public=True)

    @call("healthLive")
    def live(self) -> Request[Alive]:
        """Whether the process runs."""
        return get("/health/live", READ_ALIVE, public=True)

    @call("healthReady")
    def ready(self) -> Request[Alive]:
        """Whether to send requests there."""
        return get("/health/ready", READ_ALIVE, public=True)
