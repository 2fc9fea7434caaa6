-- The first schema: merchants and keys, intents, the facts of the chain, events and their deliveries.
-- If something must never happen, a constraint here refuses it.

CREATE TABLE merchants (
    id          UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name        VARCHAR(255) NOT NULL CHECK (name <> ''),
    support_url VARCHAR(512),
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Every address a merchant ever received payments at. An address belongs to one merchant for good: old ones stay watched.
CREATE TABLE pay_addresses (
    livemode    BOOLEAN NOT NULL,
    address     VARCHAR(128) NOT NULL,
    merchant_id UUID NOT NULL REFERENCES merchants (id),
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (livemode, address)
);

-- A merchant's settings in one mode. `version` lets a create notice that it worked with outdated settings.
CREATE TABLE merchant_modes (
    merchant_id         UUID NOT NULL REFERENCES merchants (id),
    livemode            BOOLEAN NOT NULL,
    pay_address         VARCHAR(128),
    confirmation_policy JSONB,
    tolerance_sats      BIGINT NOT NULL DEFAULT 0 CHECK (tolerance_sats >= 0),
    tolerance_bp        INTEGER NOT NULL DEFAULT 0 CHECK (tolerance_bp BETWEEN 0 AND 1000),
    late_payments       TEXT NOT NULL DEFAULT 'hold' CHECK (late_payments IN ('hold', 'accept')),
    version             INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (merchant_id, livemode),
    FOREIGN KEY (livemode, pay_address) REFERENCES pay_addresses (livemode, address)
);

CREATE UNIQUE INDEX merchant_modes_pay_address ON merchant_modes (livemode, pay_address);

-- Keys are found by `digest` (SHA-256 of 256 random bits) and verified against `hash` (salted PBKDF2).
CREATE TABLE api_keys (
    id           VARCHAR(32) PRIMARY KEY,
    merchant_id  UUID NOT NULL,
    livemode     BOOLEAN NOT NULL,
    name         VARCHAR(255) NOT NULL,
    scopes       TEXT[] NOT NULL CHECK (scopes <@ ARRAY['read', 'write', 'admin'] AND scopes <> '{}'),
    digest       BYTEA NOT NULL UNIQUE CHECK (octet_length(digest) = 32),
    salt         BYTEA NOT NULL CHECK (octet_length(salt) = 16),
    hash         BYTEA NOT NULL CHECK (octet_length(hash) = 64),
    hint         VARCHAR(32) NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_used_at TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ,
    FOREIGN KEY (merchant_id, livemode) REFERENCES merchant_modes (merchant_id, livemode)
);

CREATE INDEX api_keys_merchant ON api_keys (merchant_id, livemode, created_at);
CREATE INDEX api_keys_revoked ON api_keys (revoked_at) WHERE revoked_at IS NOT NULL;

-- The memo on the chain is the id itself, so the primary key is also the index of memos.
CREATE TABLE payment_intents (
    id                   VARCHAR(32) PRIMARY KEY CHECK (id ~ '^pi_[0-9a-f]{24}$'),
    merchant_id          UUID NOT NULL,
    livemode             BOOLEAN NOT NULL,
    amount_sats          BIGINT NOT NULL CHECK (amount_sats BETWEEN 1 AND 2100000000000000),
    currency             VARCHAR(10) NOT NULL DEFAULT 'sbtc' CHECK (currency = 'sbtc'),
    client_secret        VARCHAR(64) NOT NULL CHECK (starts_with(client_secret, id)),
    -- the terms
    expires_at           TIMESTAMPTZ NOT NULL,
    grace_s              INTEGER NOT NULL CHECK (grace_s >= 0),
    seen_hold_s          INTEGER NOT NULL CHECK (seen_hold_s >= 0),
    tolerance_sats       BIGINT NOT NULL CHECK (tolerance_sats >= 0),
    tolerance_bp         INTEGER NOT NULL CHECK (tolerance_bp BETWEEN 0 AND 1000),
    confirmation_policy  JSON NOT NULL,
    late_payments        TEXT NOT NULL CHECK (late_payments IN ('hold', 'accept')),
    pay_address          VARCHAR(128) NOT NULL,
    -- what the merchant said about it
    description          VARCHAR(500),
    metadata             JSONB,
    success_url          VARCHAR(512),
    cancel_url           VARCHAR(512),
    -- what it was worth in dollars, and who said so: all or nothing
    amount_usd           VARCHAR(20),
    rate_usd_per_btc     VARCHAR(20),
    rate_source          VARCHAR(255),
    quoted_at            TIMESTAMPTZ,
    -- the last decision
    status               TEXT NOT NULL DEFAULT 'requires_payment' CHECK (
        status IN ('requires_payment', 'processing', 'confirmed', 'expired', 'failed', 'canceled')
    ),
    exceptions           TEXT[] NOT NULL DEFAULT '{}' CHECK (
        exceptions <@ ARRAY['partially_paid', 'overpaid', 'duplicate_payment', 'paid_late', 'paid_after_cancel', 'reorged']
    ),
    amount_received_sats BIGINT NOT NULL DEFAULT 0 CHECK (amount_received_sats >= 0),
    sequence             INTEGER NOT NULL DEFAULT 1 CHECK (sequence >= 1),
    next_check_height    INTEGER,
    next_check_time      TIMESTAMPTZ,
    decided_in           JSON,
    confirmed_at         TIMESTAMPTZ,
    canceled_at          TIMESTAMPTZ,
    created_at           TIMESTAMPTZ NOT NULL,
    FOREIGN KEY (merchant_id, livemode) REFERENCES merchant_modes (merchant_id, livemode),
    CHECK (expires_at > created_at),
    CHECK (num_nulls(amount_usd, rate_usd_per_btc, rate_source, quoted_at) IN (0, 4)),
    CHECK (status <> 'confirmed' OR confirmed_at IS NOT NULL),
    CHECK (status <> 'canceled' OR canceled_at IS NOT NULL),
    CHECK ((status = 'requires_payment') = (next_check_time IS NOT NULL)),
    CHECK ((status = 'processing') = (next_check_height IS NOT NULL))
) WITH (fillfactor = 85);

CREATE INDEX payment_intents_list ON payment_intents (merchant_id, livemode, created_at DESC, id DESC);
CREATE INDEX payment_intents_deadline ON payment_intents (livemode, next_check_time) WHERE next_check_time IS NOT NULL;
CREATE INDEX payment_intents_threshold ON payment_intents (livemode, next_check_height) WHERE next_check_height IS NOT NULL;

-- One row per sBTC transfer event to a watched address, matched or not. Facts: never deleted, and what was paid to whom
-- never changes. A transaction may do something else when it is mined again in another block: that is another row, and of
-- the rows of one event at most one is included.
CREATE TABLE payments (
    id                VARCHAR(32) PRIMARY KEY,
    livemode          BOOLEAN NOT NULL,
    merchant_id       UUID REFERENCES merchants (id),
    payment_intent_id VARCHAR(32) REFERENCES payment_intents (id),
    tx_id             VARCHAR(66) NOT NULL CHECK (tx_id ~ '^0x[0-9a-f]{64}$'),
    event_index       INTEGER NOT NULL CHECK (event_index >= 0),
    amount_sats       BIGINT NOT NULL CHECK (amount_sats > 0),
    sender            VARCHAR(128) NOT NULL,
    recipient         VARCHAR(128) NOT NULL,
    memo              BYTEA,
    status            TEXT NOT NULL CHECK (status IN ('included', 'orphaned')),
    block_height      INTEGER NOT NULL,
    block_hash        VARCHAR(66) NOT NULL,
    index_block_hash  VARCHAR(66) NOT NULL,
    block_time        TIMESTAMPTZ NOT NULL,
    tx_index          INTEGER NOT NULL,
    tenure_height     INTEGER NOT NULL,
    bitcoin_height    INTEGER NOT NULL,
    first_mined_at    TIMESTAMPTZ NOT NULL,
    first_seen_at     TIMESTAMPTZ,
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    CHECK (first_mined_at <= block_time)
);

CREATE UNIQUE INDEX payments_content ON payments
    (livemode, tx_id, event_index, recipient, amount_sats, coalesce(memo, '\x'::bytea));
CREATE UNIQUE INDEX payments_included_once ON payments (livemode, tx_id, event_index) WHERE status = 'included';

CREATE INDEX payments_intent ON payments (payment_intent_id) WHERE payment_intent_id IS NOT NULL;
CREATE INDEX payments_height ON payments (livemode, block_height);
CREATE INDEX payments_orphaned ON payments (livemode) WHERE status = 'orphaned';

-- What was seen of each payment, when, in which view. Append-only.
CREATE TABLE payment_observations (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id       VARCHAR(32) NOT NULL REFERENCES payments (id),
    status           TEXT NOT NULL CHECK (status IN ('included', 'orphaned')),
    block_height     INTEGER NOT NULL,
    index_block_hash VARCHAR(66) NOT NULL,
    view             JSON NOT NULL,
    observed_at      TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX payment_observations_payment ON payment_observations (payment_id, id);

-- Transactions in the mempool that say they will pay an intent.
CREATE TABLE mempool_sightings (
    tx_id             VARCHAR(66) NOT NULL CHECK (tx_id ~ '^0x[0-9a-f]{64}$'),
    payment_intent_id VARCHAR(32) NOT NULL REFERENCES payment_intents (id),
    amount_sats       BIGINT NOT NULL CHECK (amount_sats > 0),
    first_seen_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (payment_intent_id, tx_id)
);

-- How far the chain has been read, per mode. Comparing and setting `version` fences an outdated leader.
CREATE TABLE chain_cursors (
    livemode         BOOLEAN PRIMARY KEY,
    network          TEXT NOT NULL,
    scanned_height   INTEGER NOT NULL DEFAULT 0,
    scanned_hash     VARCHAR(66) NOT NULL DEFAULT '',
    scanned_time     TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
    tenure_height    INTEGER NOT NULL DEFAULT 0,
    bitcoin_height   INTEGER NOT NULL DEFAULT 0,
    version          BIGINT NOT NULL DEFAULT 0,
    advanced_at      TIMESTAMPTZ,
    checked_at       TIMESTAMPTZ,
    trouble          TEXT
);

-- The headers of the chain we follow: one per height.
CREATE TABLE blocks (
    livemode                BOOLEAN NOT NULL,
    height                  INTEGER NOT NULL,
    block_hash              VARCHAR(66) NOT NULL,
    index_block_hash        VARCHAR(66) NOT NULL,
    parent_index_block_hash VARCHAR(66) NOT NULL,
    block_time              TIMESTAMPTZ NOT NULL,
    tenure_height           INTEGER NOT NULL,
    bitcoin_height          INTEGER NOT NULL,
    PRIMARY KEY (livemode, height),
    UNIQUE (livemode, index_block_hash)
);

-- Intents whose facts changed and whose state must be decided again.
CREATE TABLE ledger_queue (
    payment_intent_id VARCHAR(32) PRIMARY KEY REFERENCES payment_intents (id),
    livemode          BOOLEAN NOT NULL,
    queued_at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    generation        INTEGER NOT NULL DEFAULT 1
);

CREATE INDEX ledger_queue_order ON ledger_queue (livemode, queued_at);

-- What merchants decided about an intent: cancel, accept, refund. Facts like payments: never deleted.
CREATE TABLE ledger_commands (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id VARCHAR(32) NOT NULL REFERENCES payment_intents (id),
    command           JSON NOT NULL,
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX ledger_commands_intent ON ledger_commands (payment_intent_id);

-- What was announced. Append-only; `payload` keeps its exact bytes.
CREATE TABLE events (
    id                VARCHAR(32) PRIMARY KEY,
    merchant_id       UUID NOT NULL,
    livemode          BOOLEAN NOT NULL,
    type              TEXT NOT NULL,
    payment_intent_id VARCHAR(32) REFERENCES payment_intents (id),
    sequence          INTEGER NOT NULL CHECK (sequence >= 1),
    payload           JSON NOT NULL,
    view              JSON,
    created_at        TIMESTAMPTZ NOT NULL,
    UNIQUE (payment_intent_id, sequence)
);

CREATE INDEX events_list ON events (merchant_id, livemode, created_at DESC, id DESC);
CREATE UNIQUE INDEX events_succeeded_once ON events (payment_intent_id) WHERE type = 'payment_intent.succeeded';

CREATE TABLE webhook_endpoints (
    id               VARCHAR(32) PRIMARY KEY,
    merchant_id      UUID NOT NULL,
    livemode         BOOLEAN NOT NULL,
    url              VARCHAR(512) NOT NULL,
    description      VARCHAR(255),
    event_types      TEXT[] NOT NULL DEFAULT '{}',
    secret_encrypted BYTEA NOT NULL,
    disabled_at      TIMESTAMPTZ,
    disabled_reason  TEXT,
    deleted_at       TIMESTAMPTZ,
    created_at       TIMESTAMPTZ NOT NULL DEFAULT now(),
    FOREIGN KEY (merchant_id, livemode) REFERENCES merchant_modes (merchant_id, livemode)
);

CREATE INDEX webhook_endpoints_merchant ON webhook_endpoints (merchant_id, livemode) WHERE deleted_at IS NULL;

-- One event for one endpoint. The table is the queue: a claim sets a lease, a result needs the lease's token.
CREATE TABLE webhook_deliveries (
    id                VARCHAR(32) PRIMARY KEY,
    merchant_id       UUID NOT NULL,
    livemode          BOOLEAN NOT NULL,
    endpoint_id       VARCHAR(32) NOT NULL REFERENCES webhook_endpoints (id),
    event_id          VARCHAR(32) NOT NULL REFERENCES events (id),
    payment_intent_id VARCHAR(32),
    sequence          INTEGER NOT NULL,
    status            TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts          INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at   TIMESTAMPTZ DEFAULT now(),
    lease_token       UUID,
    leased_until      TIMESTAMPTZ,
    last_attempt      TIMESTAMPTZ,
    last_error        TEXT,
    response_status   INTEGER,
    delivered_at      TIMESTAMPTZ,
    failed_at         TIMESTAMPTZ,
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (event_id, endpoint_id),
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK ((status = 'failed') = (failed_at IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (leased_until IS NULL))
) WITH (fillfactor = 70);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';
-- For the order of first attempts: which events of an intent has this endpoint not been tried with?
CREATE INDEX webhook_deliveries_untried ON webhook_deliveries (payment_intent_id, endpoint_id, sequence)
    WHERE status = 'pending' AND last_attempt IS NULL;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, created_at);

-- Every attempt, as the receiver saw it.
CREATE TABLE webhook_attempts (
    delivery_id      VARCHAR(32) NOT NULL REFERENCES webhook_deliveries (id),
    attempt          INTEGER NOT NULL CHECK (attempt >= 1),
    started_at       TIMESTAMPTZ NOT NULL,
    duration_ms      INTEGER NOT NULL CHECK (duration_ms >= 0),
    response_status  INTEGER,
    response_headers JSON,
    response_body    TEXT,
    error            TEXT,
    PRIMARY KEY (delivery_id, attempt)
);

-- The answer to a request that carried an Idempotency-Key, stored in the transaction of its effect.
CREATE TABLE idempotency_keys (
    scope            BYTEA PRIMARY KEY CHECK (octet_length(scope) = 32),
    request_hash     BYTEA NOT NULL CHECK (octet_length(request_hash) = 32),
    object_id        TEXT NOT NULL,
    answer_status    SMALLINT NOT NULL,
    answer_encrypted BYTEA NOT NULL,
    expires_at       TIMESTAMPTZ NOT NULL
);

CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

-- Who did what to keys, endpoints, addresses and policies. Append-only.
CREATE TABLE audit_log (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id UUID,
    livemode    BOOLEAN,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_id   TEXT,
    request_id  TEXT,
    address     TEXT,
    detail      JSONB NOT NULL DEFAULT '{}',
    created_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX audit_log_merchant ON audit_log (merchant_id, created_at DESC);
