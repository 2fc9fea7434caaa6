-- What following the chain needs: hints, addresses read for deposits without a memo, the budget of calls, decisions.

-- A transaction that someone says will pay an intent. It proves nothing: the watcher looks it up, at most so often.
CREATE TABLE payment_hints (
    payment_intent_id VARCHAR(32) NOT NULL REFERENCES payment_intents (id),
    tx_id             VARCHAR(66) NOT NULL CHECK (tx_id ~ '^0x[0-9a-f]{64}$'),
    livemode          BOOLEAN NOT NULL,
    looks             INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0),
    next_look_at      TIMESTAMPTZ DEFAULT now(),  -- NULL: nothing more to find out
    hinted_at         TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_intent_id, tx_id)
);

CREATE INDEX payment_hints_due ON payment_hints (livemode, next_look_at) WHERE next_look_at IS NOT NULL;
CREATE INDEX payment_hints_tx ON payment_hints (tx_id) WHERE next_look_at IS NOT NULL;
CREATE INDEX mempool_sightings_tx ON mempool_sightings (tx_id);

-- Deposits without our memo are found by reading addresses, one after another. `read_to_height`: all transactions up to
-- there are known; `resume_at` and `resume_height`: a read that was too long for one round. The gateway's own address has
-- no merchant.
ALTER TABLE pay_addresses
    ALTER COLUMN merchant_id DROP NOT NULL,
    ADD COLUMN read_to_height INTEGER NOT NULL DEFAULT 0 CHECK (read_to_height >= 0),
    ADD COLUMN read_at TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
    ADD COLUMN resume_at TEXT,
    ADD COLUMN resume_height INTEGER,
    ADD CHECK ((resume_at IS NULL) = (resume_height IS NULL));

CREATE INDEX pay_addresses_read ON pay_addresses (livemode, read_at);
CREATE INDEX payment_intents_open_address ON payment_intents (livemode, pay_address) WHERE next_check_time IS NOT NULL;

-- What became of deposits: who they were for by their memo, when a merchant assigned them or sent them back.
ALTER TABLE payments
    ADD COLUMN recovered_intent_id VARCHAR(32) CHECK (recovered_intent_id ~ '^pi_[0-9a-f]{24}$'),
    ADD COLUMN assigned_at TIMESTAMPTZ,
    ADD COLUMN refunded_at TIMESTAMPTZ,
    ADD COLUMN refund_tx_id VARCHAR(66) CHECK (refund_tx_id ~ '^0x[0-9a-f]{64}$'),
    ADD CHECK ((refunded_at IS NULL) = (refund_tx_id IS NULL)),
    ADD CHECK (assigned_at IS NULL OR payment_intent_id IS NOT NULL);

CREATE INDEX payments_list ON payments (merchant_id, livemode, created_at DESC, id DESC);
CREATE INDEX payments_unmatched ON payments (merchant_id, livemode, created_at DESC, id DESC)
    WHERE payment_intent_id IS NULL;

-- A rescan reads blocks again that are scanned already; it moves upward and survives restarts.
ALTER TABLE chain_cursors
    ADD COLUMN tip_height INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN rescan_from INTEGER,
    ADD COLUMN rescan_to INTEGER,
    ADD COLUMN rescan_announces BOOLEAN NOT NULL DEFAULT TRUE,
    ADD COLUMN last_open_address VARCHAR(128) NOT NULL DEFAULT '',
    ADD CHECK (num_nulls(rescan_from, rescan_to) IN (0, 2));

-- Calls made to the chain's API, per month of UTC: the budget survives a restart.
CREATE TABLE api_usage (
    livemode BOOLEAN NOT NULL,
    api      TEXT NOT NULL,
    month    DATE NOT NULL,
    calls    BIGINT NOT NULL CHECK (calls >= 0),
    PRIMARY KEY (livemode, api, month)
);

-- Every decision that changed an intent: from which state to which, in which view, announcing what. Append-only: with it
-- the path an intent took can be verified, not only where it stands.
CREATE TABLE ledger_decisions (
    id                BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_intent_id VARCHAR(32) NOT NULL REFERENCES payment_intents (id),
    before            JSON NOT NULL,
    after             JSON NOT NULL,
    events            TEXT[] NOT NULL,
    sequence          INTEGER NOT NULL,
    view              JSON NOT NULL,
    decided_at        TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX ledger_decisions_intent ON ledger_decisions (payment_intent_id, id);

-- What counts towards the due amount: less than what was received while late money is held.
ALTER TABLE payment_intents
    ADD COLUMN amount_counted_sats BIGINT NOT NULL DEFAULT 0 CHECK (amount_counted_sats >= 0);

UPDATE payment_intents SET amount_counted_sats = amount_received_sats WHERE amount_received_sats > 0;
