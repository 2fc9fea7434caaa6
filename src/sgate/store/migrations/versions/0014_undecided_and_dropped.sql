-- When the chain's API reported that the transaction of an orphaned payment can no longer be mined, for example because
-- another transaction took its place. Meaningless while the payment is included.
ALTER TABLE payments ADD COLUMN dropped_at TIMESTAMPTZ;

-- Since when the ledger has been failing to decide an intent; null if it has not tried yet, or if no attempt has failed.
ALTER TABLE ledger_queue ADD COLUMN undecided_since TIMESTAMPTZ;
CREATE INDEX ledger_queue_undecided ON ledger_queue (livemode) WHERE undecided_since IS NOT NULL;

-- When the configured API servers were last compared, and how they disagree; null if they agree.
ALTER TABLE chain_cursors ADD COLUMN cross_checked_at TIMESTAMPTZ, ADD COLUMN disagreement TEXT;
