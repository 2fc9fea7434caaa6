"""The limit of a create: three plain inserts of the same rows, into tables as they were in 0.1.0.

The tables are copies with the constraints, indexes and trigger of that release: dropping an index speeds up create,
but not its limit.
"""

import asyncio

import asyncpg

import pgbench

SCHEMA = "plain"
_TABLES = f"""
CREATE SCHEMA {SCHEMA};
CREATE TABLE {SCHEMA}.payment_intents (LIKE public.payment_intents INCLUDING DEFAULTS INCLUDING CONSTRAINTS)
    WITH (fillfactor = 85);
CREATE TABLE {SCHEMA}.events (LIKE public.events INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
CREATE TABLE {SCHEMA}.idempotency_keys (LIKE public.idempotency_keys INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
SET search_path = {SCHEMA}, public;
ALTER TABLE payment_intents ADD PRIMARY KEY (id);
CREATE INDEX ON payment_intents (livemode, next_check_time) WHERE next_check_time IS NOT NULL;
CREATE INDEX ON payment_intents (merchant_id, livemode, created_at DESC, id DESC);
CREATE INDEX ON payment_intents USING gin (public.metadata_words(merchant_id, livemode, metadata))
    WHERE metadata IS NOT NULL;
CREATE INDEX ON payment_intents (livemode, pay_address) WHERE next_check_time IS NOT NULL;
CREATE INDEX ON payment_intents (merchant_id, livemode, status, created_at DESC, id DESC);
CREATE INDEX ON payment_intents (livemode, next_check_height) WHERE next_check_height IS NOT NULL;
ALTER TABLE payment_intents ADD FOREIGN KEY (merchant_id, livemode) REFERENCES public.merchant_modes;
ALTER TABLE events ADD PRIMARY KEY (id), ADD UNIQUE (payment_intent_id, sequence);
CREATE INDEX ON events (merchant_id, livemode, created_at DESC, id DESC);
CREATE INDEX ON events (object_id) WHERE object_id IS NOT NULL;
CREATE UNIQUE INDEX ON events (merchant_id, livemode, position);
CREATE UNIQUE INDEX ON events (payment_intent_id) WHERE type = 'payment_intent.succeeded';
ALTER TABLE events ADD FOREIGN KEY (payment_intent_id) REFERENCES payment_intents (id);
CREATE TRIGGER positions BEFORE INSERT ON events FOR EACH STATEMENT EXECUTE FUNCTION public.events_announce_positions();
ALTER TABLE idempotency_keys ADD PRIMARY KEY (scope);
CREATE INDEX ON idempotency_keys (expires_at);
"""
_INTENT = (
    "id, merchant_id, livemode, amount_sats, client_secret, expires_at, grace_s, seen_hold_s, tolerance_sats, "
    "tolerance_bp, confirmation_policy, late_payments, pay_address, description, metadata, success_url, cancel_url, "
    "amount_usd, rate_usd_per_btc, rate_source, quoted_at, next_check_time, created_at"
)
_EVENT = "id, merchant_id, livemode, type, payment_intent_id, sequence, payload, created_at"
_KEY = "scope, request_hash, object_id, answer_status, answer_encrypted, expires_at"


def prepare(url):
    """Create the tables."""

    async def create():
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(_TABLES)
        finally:
            await connection.close()

    asyncio.run(create())


def script(url, sample_id):
    """One transaction of three inserts, sent as one pipeline, of a row like that of `sample_id`."""
    sample = pgbench.sample(url, sample_id)
    constants = {}

    def values(names, renamed):
        return ", ".join(value(renamed.get(name.strip(), name.strip())) for name in names.split(","))

    def value(name):
        if name.startswith("'"):
            return name
        if name in pgbench.FRESH:
            return pgbench.FRESH[name]
        if sample[name] is None:
            return "NULL"
        constants[name] = sample[name]
        return f":{name}"

    intent = values(_INTENT, {"confirmation_policy": "policy"})
    event = values(
        _EVENT, {"id": "event_id", "payment_intent_id": "id", "type": "'payment_intent.created'", "sequence": "'1'"}
    )
    key = values(_KEY, {"object_id": "id", "answer_status": "'201'", "expires_at": "keep_until"})
    text = (
        f"{pgbench.DRAW}\\startpipeline\nBEGIN;\n"
        f"INSERT INTO {SCHEMA}.payment_intents ({_INTENT}) VALUES ({intent});\n"
        f"INSERT INTO {SCHEMA}.events ({_EVENT}) VALUES ({event});\n"
        f"INSERT INTO {SCHEMA}.idempotency_keys ({_KEY}) VALUES ({key});\n"
        "END;\n\\endpipeline\n"
    )
    return pgbench.Script(text, constants)
