-- Deliveries and their attempts are all that is ever forgotten, and there are more of them than of anything else: they are
-- kept by the month, so that forgetting one is dropping a table. `store/partitions` makes the months ahead; what comes for a
-- month that is not there goes into the default partition, so nothing is ever refused for want of one.

-- The id of a delivery says when its event happened (milliseconds, 12 hex) and what it brings where (12 hex): the primary key
-- is the partition key, and refuses an event twice for one endpoint.
CREATE FUNCTION first_delivery_id(happened_at TIMESTAMPTZ) RETURNS TEXT LANGUAGE sql STABLE PARALLEL SAFE
    RETURN 'whd_' || lpad(to_hex(floor(extract(epoch FROM happened_at) * 1000)::bigint), 12, '0');

CREATE FUNCTION delivery_id(event_id TEXT, endpoint_id TEXT, happened_at TIMESTAMPTZ) RETURNS TEXT
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN first_delivery_id(happened_at) || left(md5(event_id || endpoint_id), 12);

ALTER TABLE webhook_deliveries RENAME TO old_deliveries;
ALTER TABLE webhook_attempts RENAME TO old_attempts;

CREATE TABLE webhook_deliveries (
    id                VARCHAR(32) COLLATE "C" NOT NULL,
    merchant_id       UUID NOT NULL,
    livemode          BOOLEAN NOT NULL,
    endpoint_id       VARCHAR(32) NOT NULL REFERENCES webhook_endpoints (id),
    event_id          VARCHAR(32) NOT NULL REFERENCES events (id),
    payment_intent_id VARCHAR(32),
    sequence          INTEGER NOT NULL,
    status            TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'held', 'delivered', 'failed')),
    attempts          INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    attempts_before   INTEGER NOT NULL DEFAULT 0 CHECK (attempts_before BETWEEN 0 AND attempts),
    next_attempt_at   TIMESTAMPTZ DEFAULT now(),
    lease_token       UUID,
    leased_until      TIMESTAMPTZ,
    last_attempt      TIMESTAMPTZ,
    last_error        TEXT,
    response_status   INTEGER,
    delivered_at      TIMESTAMPTZ,
    failed_at         TIMESTAMPTZ,
    created_at        TIMESTAMPTZ NOT NULL,
    CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
    CHECK ((status = 'delivered') = (delivered_at IS NOT NULL)),
    CHECK ((status = 'failed') = (failed_at IS NOT NULL)),
    CHECK ((lease_token IS NULL) = (leased_until IS NULL))
) PARTITION BY RANGE (id);

CREATE TABLE webhook_attempts (
    delivery_id      VARCHAR(32) COLLATE "C" NOT NULL,
    attempt          INTEGER NOT NULL CHECK (attempt >= 1),
    url              VARCHAR(512) NOT NULL DEFAULT '',
    started_at       TIMESTAMPTZ NOT NULL,
    duration_ms      INTEGER NOT NULL CHECK (duration_ms >= 0),
    response_status  INTEGER,
    response_headers JSON,
    response_body    TEXT,
    error            TEXT
) PARTITION BY RANGE (delivery_id);

CREATE TABLE webhook_deliveries_default PARTITION OF webhook_deliveries DEFAULT WITH (fillfactor = 70);
ALTER TABLE webhook_deliveries_default ADD UNIQUE (event_id, endpoint_id);
CREATE TABLE webhook_attempts_default PARTITION OF webhook_attempts DEFAULT;

INSERT INTO webhook_deliveries (
    id, merchant_id, livemode, endpoint_id, event_id, payment_intent_id, sequence, status, attempts, attempts_before,
    next_attempt_at, last_attempt, last_error, response_status, delivered_at, failed_at, created_at
)
SELECT delivery_id(v.id, d.endpoint_id, v.created_at), d.merchant_id, d.livemode, d.endpoint_id, d.event_id,
    d.payment_intent_id, d.sequence, d.status, d.attempts, d.attempts_before, d.next_attempt_at, d.last_attempt,
    d.last_error, d.response_status, d.delivered_at, d.failed_at, v.created_at
FROM old_deliveries AS d JOIN events AS v ON v.id = d.event_id;

INSERT INTO webhook_attempts (
    delivery_id, attempt, url, started_at, duration_ms, response_status, response_headers, response_body, error
)
SELECT delivery_id(v.id, d.endpoint_id, v.created_at), a.attempt, a.url, a.started_at, a.duration_ms, a.response_status,
    a.response_headers, a.response_body, a.error
FROM old_attempts AS a JOIN old_deliveries AS d ON d.id = a.delivery_id JOIN events AS v ON v.id = d.event_id;

DROP TABLE old_attempts;
DROP TABLE old_deliveries;

ALTER TABLE webhook_deliveries ADD PRIMARY KEY (id);
ALTER TABLE webhook_attempts ADD PRIMARY KEY (delivery_id, attempt);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';
-- For the order of first attempts: which events of an intent has this endpoint not been tried with?
CREATE INDEX webhook_deliveries_untried ON webhook_deliveries (payment_intent_id, endpoint_id, sequence)
    WHERE status IN ('pending', 'held') AND last_attempt IS NULL;
CREATE INDEX webhook_deliveries_endpoint ON webhook_deliveries (endpoint_id, created_at);
CREATE INDEX webhook_deliveries_held ON webhook_deliveries (endpoint_id, created_at, sequence) WHERE status = 'held';
CREATE INDEX webhook_deliveries_failed ON webhook_deliveries (endpoint_id, created_at) WHERE status = 'failed';
