-- What the merchant's API needs: lists, daily numbers, keys that end, the audit log.

-- --- Lists of payment intents

-- Few of a million intents have a rare status; this finds them without walking past the others.
CREATE INDEX payment_intents_status ON payment_intents (merchant_id, livemode, status, created_at DESC, id DESC);

-- The pairs of an intent's metadata as words, each with its merchant and mode in it, so that a pair which all merchants
-- use costs each of them only its own. The length keeps `a=` + `b` and `a` + `=b` apart.
CREATE FUNCTION metadata_words(merchant_id UUID, livemode BOOLEAN, metadata JSONB) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(
    SELECT merchant_id::TEXT || CASE WHEN livemode THEN '/live/' ELSE '/test/' END || length(pair.key) || ':' || pair.key
        || pair.value
    FROM jsonb_each_text(metadata) AS pair
);

CREATE INDEX payment_intents_metadata ON payment_intents USING gin (metadata_words(merchant_id, livemode, metadata))
    WHERE metadata IS NOT NULL;

-- --- Daily numbers

-- All days before `rolled_up_to` are in merchant_days (a day without intents has no row).
ALTER TABLE merchant_modes ADD COLUMN rolled_up_to DATE NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::DATE;
UPDATE merchant_modes SET rolled_up_to = (created_at AT TIME ZONE 'UTC')::DATE FROM merchants WHERE id = merchant_id;
CREATE INDEX merchant_modes_rolled_up_to ON merchant_modes (rolled_up_to);

-- The intents that a merchant made on one day (UTC), as they stood when the day was counted.
CREATE TABLE merchant_days (
    merchant_id      UUID NOT NULL,
    livemode         BOOLEAN NOT NULL,
    day              DATE NOT NULL,
    created          BIGINT NOT NULL,
    requires_payment BIGINT NOT NULL,
    processing       BIGINT NOT NULL,
    confirmed        BIGINT NOT NULL,
    expired          BIGINT NOT NULL,
    failed           BIGINT NOT NULL,
    canceled         BIGINT NOT NULL,
    amount_sats      NUMERIC NOT NULL,
    received_sats    NUMERIC NOT NULL,
    confirmed_sats   NUMERIC NOT NULL,
    PRIMARY KEY (merchant_id, livemode, day),
    FOREIGN KEY (merchant_id, livemode) REFERENCES merchant_modes (merchant_id, livemode),
    CHECK (created = requires_payment + processing + confirmed + expired + failed + canceled)
);

-- Days that are over and of which an intent has changed since: written in the transaction of the change. Until the
-- day is counted anew, its row in merchant_days is not believed.
CREATE TABLE touched_days (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id UUID NOT NULL,
    livemode    BOOLEAN NOT NULL,
    day         DATE NOT NULL
);

CREATE INDEX touched_days_day ON touched_days (merchant_id, livemode, day);

-- --- API keys

-- A key that was rolled ends by itself.
ALTER TABLE api_keys ADD COLUMN expires_at TIMESTAMPTZ;
CREATE INDEX api_keys_expiring ON api_keys (expires_at) WHERE expires_at IS NOT NULL;

-- --- The audit log, as a merchant lists it

DROP INDEX audit_log_merchant;
CREATE INDEX audit_log_merchant ON audit_log (merchant_id, livemode, id DESC);
