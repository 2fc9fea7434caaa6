-- Every statement runs in its own transaction and may be repeated. A blank line separates two statements.

-- A build that was interrupted leaves an invalid index behind.
DO $$
DECLARE
    broken regclass;
BEGIN
    FOR broken IN
        SELECT indexrelid::regclass FROM pg_index
        WHERE NOT indisvalid AND indexrelid IN (
            to_regclass('payment_intents_owner'), to_regclass('webhook_endpoints_owner'), to_regclass('events_owner')
        )
    LOOP
        EXECUTE format('DROP INDEX %s', broken);
    END LOOP;
END $$;

-- The indexes that composite foreign keys refer to. The id comes last, so that lookups by id alone keep using the primary key.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS payment_intents_owner ON payment_intents (merchant_id, livemode, id);

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS webhook_endpoints_owner
    ON webhook_endpoints (merchant_id, livemode, id);

CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS events_owner ON events (merchant_id, livemode, id);

-- NOT VALID: new rows are checked at once; existing rows are checked below, without blocking writes. Each block locks its
-- tables in the order in which creates and polls lock them, so that there is no deadlock.
DO $$
BEGIN
    LOCK TABLE payments, payment_intents IN SHARE ROW EXCLUSIVE MODE;
    ALTER TABLE payments ADD CONSTRAINT payments_intent_fkey FOREIGN KEY (payment_intent_id, merchant_id, livemode)
        REFERENCES payment_intents (id, merchant_id, livemode) NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- A foreign key does not check rows in which one of its columns is NULL.
DO $$
BEGIN
    ALTER TABLE payments ADD CONSTRAINT payments_intent_has_merchant
        CHECK (payment_intent_id IS NULL OR merchant_id IS NOT NULL) NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$
BEGIN
    LOCK TABLE payment_intents, events IN SHARE ROW EXCLUSIVE MODE;
    ALTER TABLE events ADD CONSTRAINT events_intent_fkey FOREIGN KEY (payment_intent_id, merchant_id, livemode)
        REFERENCES payment_intents (id, merchant_id, livemode) NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$
BEGIN
    ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_counted_was_received
        CHECK (amount_counted_sats <= amount_received_sats) NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$
BEGIN
    ALTER TABLE payment_intents ADD CONSTRAINT payment_intents_confirmed_was_paid
        CHECK (status NOT IN ('processing', 'confirmed') OR amount_counted_sats > 0) NOT VALID;
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- A partitioned table accepts NOT VALID only on its partitions.
DO $$
DECLARE
    part regclass;
BEGIN
    LOCK TABLE events, webhook_deliveries IN SHARE ROW EXCLUSIVE MODE;
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'webhook_deliveries'::regclass LOOP
        BEGIN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT webhook_deliveries_event_fkey
                FOREIGN KEY (event_id, merchant_id, livemode)
                REFERENCES events (id, merchant_id, livemode) NOT VALID', part);
        EXCEPTION WHEN duplicate_object THEN NULL;
        END;
        BEGIN
            EXECUTE format('ALTER TABLE %s ADD CONSTRAINT webhook_deliveries_endpoint_fkey
                FOREIGN KEY (endpoint_id, merchant_id, livemode)
                REFERENCES webhook_endpoints (id, merchant_id, livemode) NOT VALID', part);
        EXCEPTION WHEN duplicate_object THEN NULL;
        END;
    END LOOP;
END $$;

ALTER TABLE payments VALIDATE CONSTRAINT payments_intent_fkey;

ALTER TABLE payments VALIDATE CONSTRAINT payments_intent_has_merchant;

ALTER TABLE events VALIDATE CONSTRAINT events_intent_fkey;

ALTER TABLE payment_intents VALIDATE CONSTRAINT payment_intents_counted_was_received;

ALTER TABLE payment_intents VALIDATE CONSTRAINT payment_intents_confirmed_was_paid;

DO $$
DECLARE
    part regclass;
    fkey text;
BEGIN
    FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'webhook_deliveries'::regclass LOOP
        FOREACH fkey IN ARRAY ARRAY['webhook_deliveries_event_fkey', 'webhook_deliveries_endpoint_fkey'] LOOP
            EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', part, fkey);
        END LOOP;
    END LOOP;
END $$;

-- The constraints of the partitions become those of the table. Nothing is read again.
DO $$
BEGIN
    LOCK TABLE events, webhook_deliveries IN SHARE ROW EXCLUSIVE MODE;
    ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_event_fkey
        FOREIGN KEY (event_id, merchant_id, livemode) REFERENCES events (id, merchant_id, livemode);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

DO $$
BEGIN
    ALTER TABLE webhook_deliveries ADD CONSTRAINT webhook_deliveries_endpoint_fkey
        FOREIGN KEY (endpoint_id, merchant_id, livemode) REFERENCES webhook_endpoints (id, merchant_id, livemode);
EXCEPTION WHEN duplicate_object THEN NULL;
END $$;

-- The new constraints imply the old ones.
DO $$
BEGIN
    LOCK TABLE payments, payment_intents;
    ALTER TABLE payments DROP CONSTRAINT IF EXISTS payments_payment_intent_id_fkey;
END $$;

DO $$
BEGIN
    LOCK TABLE payment_intents, events;
    ALTER TABLE events DROP CONSTRAINT IF EXISTS events_payment_intent_id_fkey;
END $$;

DO $$
BEGIN
    LOCK TABLE events, webhook_deliveries;
    ALTER TABLE webhook_deliveries DROP CONSTRAINT IF EXISTS webhook_deliveries_event_id_fkey1;
END $$;

ALTER TABLE webhook_deliveries DROP CONSTRAINT IF EXISTS webhook_deliveries_endpoint_id_fkey1;

-- One more exception: an intent may be canceled although it was paid.
ALTER TABLE payment_intents
    DROP CONSTRAINT IF EXISTS payment_intents_exceptions_check,
    ADD CONSTRAINT payment_intents_exceptions_check CHECK (exceptions <@ ARRAY[
        'partially_paid', 'overpaid', 'duplicate_payment', 'paid_late', 'paid_after_cancel', 'canceled_with_payment',
        'reorged'
    ]) NOT VALID;

ALTER TABLE payment_intents VALIDATE CONSTRAINT payment_intents_exceptions_check;
