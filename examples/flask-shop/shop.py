"""A coffee shop that accepts sBTC, with Flask. Run it with `make example-flask`.

Orders are kept in SQLite, so that they survive a restart. The webhook handles duplicate and out-of-order events: an
event changes an order only if it is newer than the last one applied, and the same transaction decides about shipping.
"""

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flask import Flask, abort, redirect, render_template, request

from sgate_sdk import EventType, PaymentIntentEvent, SGate, SGateSignatureError, verify_webhook

PRODUCTS = {"espresso": 12_000, "flat white": 18_000, "a bag of beans": 90_000}
HOST, PORT = "localhost", int(os.environ["SHOP_PORT"])
DATABASE = os.environ["SHOP_DATABASE"]
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY, product TEXT NOT NULL, amount_sats INTEGER NOT NULL,
    checkout_url TEXT, status TEXT NOT NULL DEFAULT 'requires_payment', sequence INTEGER NOT NULL DEFAULT 0,
    shipments INTEGER NOT NULL DEFAULT 0
)
"""

app = Flask(__name__)
sgate = SGate(os.environ["SGATE_API_KEY"], base_url=os.environ["SGATE_API_BASE_URL"])


@contextmanager
def database() -> Iterator[sqlite3.Connection]:
    """Open the database for one transaction, which is rolled back if anything fails."""
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.row_factory = sqlite3.Row
        yield connection


@app.get("/")
def shop():
    return render_template("shop.html", products=PRODUCTS)


@app.post("/orders")
def order():
    product = request.form.get("product", "")
    if product not in PRODUCTS:
        abort(400)
    order_id, amount_sats = uuid.uuid4().hex, PRODUCTS[product]
    with database() as orders:  # stored first, so that the webhook finds it
        orders.execute(
            "INSERT INTO orders (id, product, amount_sats) VALUES (?, ?, ?)", (order_id, product, amount_sats)
        )
    intent = sgate.payment_intents.create(
        amount_sats=amount_sats,
        description=product,
        metadata={"order_id": order_id},
        success_url=f"http://{HOST}:{PORT}/orders/{order_id}",
        cancel_url=f"http://{HOST}:{PORT}/",
        idempotency_key=f"order-{order_id}",
    )
    with database() as orders:
        orders.execute("UPDATE orders SET checkout_url = ? WHERE id = ?", (intent.checkout_url, order_id))
    return redirect(intent.checkout_url, code=303)


@app.get("/orders/<order_id>")
def show(order_id: str):
    with database() as orders:
        found = orders.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
    return render_template("order.html", order=found or abort(404))


@app.post("/webhooks")
def webhook():
    try:
        event = verify_webhook(request.get_data(), request.headers, os.environ["SGATE_WEBHOOK_SECRET"])
    except SGateSignatureError as error:
        return {"error": str(error)}, 400
    if isinstance(event, PaymentIntentEvent):
        with database() as orders:
            apply(orders, event)
    return "", 204


def apply(orders: sqlite3.Connection, event: PaymentIntentEvent) -> None:
    """Apply an event to its order.

    The status follows the newest event: a duplicate has the same sequence number and an older event a lower one. The
    order ships on `payment_intent.succeeded`, once, even if that event is delivered twice or after a newer one.
    """
    intent, order_id = event.data.object, event.data.object.metadata.get("order_id")
    orders.execute(
        "UPDATE orders SET status = ?, sequence = ? WHERE id = ? AND sequence < ?",
        (intent.status, event.sequence, order_id, event.sequence),
    )
    if event.type == EventType.SUCCEEDED:
        orders.execute("UPDATE orders SET shipments = 1 WHERE id = ? AND shipments = 0", (order_id,))


if __name__ == "__main__":
    with database() as orders:
        orders.execute(SCHEMA)
    app.run(host=HOST, port=PORT)
