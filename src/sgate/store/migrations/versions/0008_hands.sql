-- A suspended merchant makes no intents and its keys are refused; what was begun goes on.
ALTER TABLE merchants ADD COLUMN suspended_at timestamptz;

CREATE INDEX merchants_suspended ON merchants (suspended_at) WHERE suspended_at IS NOT NULL;

-- One row while the deployment is in maintenance mode: calls that write are refused, with this Retry-After.
CREATE TABLE maintenance_mode (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    retry_after_s integer NOT NULL CHECK (retry_after_s BETWEEN 1 AND 86400),
    since timestamptz NOT NULL DEFAULT now()
);

-- The oldest revision whose code may run on this schema. A migration that takes something away raises it.
CREATE TABLE schema_compatibility (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    oldest_revision text NOT NULL
);

INSERT INTO schema_compatibility (oldest_revision) VALUES ('0008');
