-- Daily numbers are added up by the hour: all intents made before `rolled_up_to`, the beginning of an hour, are in
-- merchant_days; the row of that day so far only.
ALTER TABLE merchant_modes
    ALTER COLUMN rolled_up_to DROP DEFAULT,
    ALTER COLUMN rolled_up_to TYPE TIMESTAMPTZ USING rolled_up_to::TIMESTAMP AT TIME ZONE 'UTC',
    ALTER COLUMN rolled_up_to SET DEFAULT date_trunc('hour', now(), 'UTC');

-- Who made or changed intents of stored hours without a note would make the numbers wrong: older code does.
UPDATE schema_compatibility SET oldest_revision = '0009';
