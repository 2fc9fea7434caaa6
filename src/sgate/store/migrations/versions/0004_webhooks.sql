-- What the delivery of webhooks needs: the order of events, rotated secrets, deliveries that wait for their endpoint.

-- The order in which events can be read without missing one. Positions are given while transactions run and commit in
-- another order, so a reader must know up to which position everything has been decided: each writer holds, until its
-- commit, a shared lock that carries a lower bound of its positions (`store/events.HORIZON` reads them).
CREATE SEQUENCE events_position;
SELECT setval('events_position', 1);

ALTER TABLE events
    ADD COLUMN position BIGINT NOT NULL DEFAULT nextval('events_position'),
    ADD COLUMN object_id VARCHAR(32);  -- of events that are not about a payment intent
ALTER SEQUENCE events_position OWNED BY events.position;

CREATE UNIQUE INDEX events_read ON events (merchant_id, livemode, position);
CREATE INDEX events_object ON events (object_id) WHERE object_id IS NOT NULL;

CREATE FUNCTION events_announce_positions() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared((21319::bigint << 48) | last_value) FROM events_position;
    RETURN NULL;
END
$$;

CREATE TRIGGER events_positions BEFORE INSERT ON events
    FOR EACH STATEMENT EXECUTE FUNCTION events_announce_positions();

-- `failing_since`: nothing has succeeded since then. `tended_until`: until then, and until nothing is left to do, its
-- deliveries are moved between `pending` and `held`, a few at a time.
ALTER TABLE webhook_endpoints
    ADD COLUMN previous_secret_encrypted BYTEA,
    ADD COLUMN previous_secret_until TIMESTAMPTZ,
    ADD COLUMN failing_since TIMESTAMPTZ,
    ADD COLUMN tended_until TIMESTAMPTZ,
    ADD COLUMN updated_at TIMESTAMPTZ,
    ADD CHECK ((previous_secret_encrypted IS NULL) = (previous_secret_until IS NULL)),
    ADD CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL));

CREATE INDEX webhook_endpoints_tended ON webhook_endpoints (tended_until) WHERE tended_until IS NOT NULL;

-- `held`: it waits until its endpoint can take it, out of the way of everyone else's. `attempts_before`: how many attempts
-- it had when it was last sent anew; the schedule begins again from there.
ALTER TABLE webhook_deliveries
    DROP CONSTRAINT webhook_deliveries_status_check,
    ADD CHECK (status IN ('pending', 'held', 'delivered', 'failed')),
    ADD COLUMN attempts_before INTEGER NOT NULL DEFAULT 0,
    ADD CHECK (attempts_before BETWEEN 0 AND attempts);

DROP INDEX webhook_deliveries_untried;
CREATE INDEX webhook_deliveries_untried ON webhook_deliveries (payment_intent_id, endpoint_id, sequence)
    WHERE status IN ('pending', 'held') AND last_attempt IS NULL;
CREATE INDEX webhook_deliveries_held ON webhook_deliveries (endpoint_id, created_at, sequence) WHERE status = 'held';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, created_at) WHERE status = 'failed';

-- Where an attempt went: the endpoint's URL may change. The reference to the delivery is checked by the one statement that
-- writes here, which joins the delivery itself; the constraint would look it up once more for every webhook.
ALTER TABLE webhook_attempts
    ADD COLUMN url VARCHAR(512) NOT NULL DEFAULT '',
    DROP CONSTRAINT webhook_attempts_delivery_id_fkey;

-- A merchant asked for the events of some time once more. Worked off a few at a time; one per endpoint at a time.
CREATE TABLE webhook_recoveries (
    id                VARCHAR(32) PRIMARY KEY,
    merchant_id       UUID NOT NULL,
    livemode          BOOLEAN NOT NULL,
    endpoint_id       VARCHAR(32) NOT NULL REFERENCES webhook_endpoints (id),
    since             TIMESTAMPTZ NOT NULL,
    until             TIMESTAMPTZ NOT NULL,
    include_delivered BOOLEAN NOT NULL,
    reached_at        TIMESTAMPTZ NOT NULL,
    reached_id        VARCHAR(32) NOT NULL DEFAULT '',
    replayed          INTEGER NOT NULL DEFAULT 0 CHECK (replayed >= 0),
    created_at        TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at       TIMESTAMPTZ,
    CHECK (since < until)
);

CREATE UNIQUE INDEX webhook_recoveries_open ON webhook_recoveries (endpoint_id) WHERE finished_at IS NULL;
