-- What is stored of days that count as not stored yet would be counted twice.
UPDATE merchant_modes
SET rolled_up_to = least(rolled_up_to, ((now() - INTERVAL '2 hours') AT TIME ZONE 'UTC')::DATE);
DELETE FROM merchant_days AS days
USING merchant_modes AS modes
WHERE days.merchant_id = modes.merchant_id AND days.livemode = modes.livemode AND days.day >= modes.rolled_up_to;

-- Daily numbers are stored by the hour: all intents made before `rolled_up_to`, the beginning of an hour, are in
-- merchant_days; the row of that day holds the day so far. A new mode begins where older intents touch their day.
ALTER TABLE merchant_modes
    ALTER COLUMN rolled_up_to DROP DEFAULT,
    ALTER COLUMN rolled_up_to TYPE TIMESTAMPTZ USING rolled_up_to::TIMESTAMP AT TIME ZONE 'UTC',
    ALTER COLUMN rolled_up_to SET DEFAULT date_trunc('hour', now() - INTERVAL '2 hours', 'UTC');

-- Older code makes and changes intents of stored hours without a note, and reads `rolled_up_to` as a day.
UPDATE schema_compatibility SET oldest_revision = '0010';
