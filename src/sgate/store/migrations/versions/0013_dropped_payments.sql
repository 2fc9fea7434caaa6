-- When the chain's API reported that the transaction of an orphaned payment can no longer be mined, for example because
-- another transaction took its place. Meaningless while the payment is included.
ALTER TABLE payments ADD COLUMN dropped_at TIMESTAMPTZ;
