"""The server side of a static page: it creates payment intents and receives webhooks.

Run it with `make example-static`. Any web server can serve the files; only /checkout and /webhooks need a program,
because the API key must never be in a page. It uses nothing but the standard library and the SDK.
"""

import os
import sqlite3
import uuid
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sgate_sdk import EventType, PaymentIntentEvent, SGate, SGateSignatureError, verify_webhook

HERE = Path(__file__).parent
FILES = {
    "/": (HERE / "index.html", "text/html; charset=utf-8"),
    "/page.js": (HERE / "page.js", "text/javascript"),
    "/shop.css": (HERE / "../flask-shop/static/shop.css", "text/css"),
    "/sgate.js": (HERE / "../../sdk/js/dist/umd/sgate.js", "text/javascript"),
}
AMOUNT_SATS = 5_000
MAX_BODY_BYTES = 1_000_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS sales (
    payment_intent TEXT PRIMARY KEY, status TEXT NOT NULL, sequence INTEGER NOT NULL,
    shipments INTEGER NOT NULL DEFAULT 0
)
"""
UPSERT = """
INSERT INTO sales (payment_intent, status, sequence, shipments) VALUES (:id, :status, :sequence, :paid)
ON CONFLICT (payment_intent) DO UPDATE
SET shipments = max(shipments, excluded.shipments),
    status = iif(sequence < excluded.sequence, excluded.status, status), sequence = max(sequence, excluded.sequence)
"""
"""Ships a sale once and keeps its newest status, whether events are delivered twice or out of order."""

sgate = SGate(os.environ["SGATE_API_KEY"], base_url=os.environ["SGATE_API_BASE_URL"])


def apply(event: PaymentIntentEvent) -> None:
    """Apply an event to its sale."""
    intent = event.data.object
    sale = {
        "id": intent.id,
        "status": intent.status,
        "sequence": event.sequence,
        "paid": event.type == EventType.SUCCEEDED,
    }
    with closing(sqlite3.connect(os.environ["SHOP_DATABASE"])) as sales, sales:
        sales.execute(UPSERT, sale)


class Receiver(BaseHTTPRequestHandler):
    """Serves two endpoints and four files."""

    def do_GET(self) -> None:
        path, content_type = FILES.get(self.path, (None, ""))
        if path is None:
            self._respond(404)
        else:
            self._respond(200, path.read_bytes(), content_type)

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES))
        if self.path == "/checkout":
            intent = sgate.payment_intents.create(
                amount_sats=AMOUNT_SATS, description="A song", idempotency_key=uuid.uuid4().hex
            )
            self._respond(200, intent.checkout_url.encode(), "text/plain")
        elif self.path == "/webhooks":
            self._webhook(body)
        else:
            self._respond(404)

    def _webhook(self, body: bytes) -> None:
        try:
            event = verify_webhook(body, self.headers, os.environ["SGATE_WEBHOOK_SECRET"])
        except SGateSignatureError as error:
            self._respond(400, str(error).encode())
            return
        if isinstance(event, PaymentIntentEvent):
            apply(event)
        self._respond(204)

    def _respond(self, status: int, content: bytes = b"", content_type: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


if __name__ == "__main__":
    with closing(sqlite3.connect(os.environ["SHOP_DATABASE"])) as database, database:
        database.execute(SCHEMA)
    ThreadingHTTPServer(("localhost", int(os.environ["SHOP_PORT"])), Receiver).serve_forever()
