-- The application's role owns no table, so it cannot create or drop one. It calls these functions, which run with the rights
-- of the schema's owner. They accept as little as possible: the current and the next twelve months, and a retention of at least
-- 31 days.

-- Create the partitions of a month, given as its first day. Returns false if they exist, or if the default partition has
-- rows of the month.
CREATE FUNCTION make_delivery_month(first_day DATE) RETURNS BOOLEAN
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    this_month CONSTANT DATE := date_trunc('month', now() AT TIME ZONE 'UTC');
    suffix CONSTANT TEXT := to_char(first_day, 'YYYY_MM');
    first_id CONSTANT TEXT := first_delivery_id(first_day::TIMESTAMP AT TIME ZONE 'UTC');
    end_id CONSTANT TEXT := first_delivery_id((first_day + INTERVAL '1 month') AT TIME ZONE 'UTC');
BEGIN
    IF first_day IS NULL OR extract(day FROM first_day) <> 1
        OR first_day NOT BETWEEN this_month AND this_month + INTERVAL '1 year'
    THEN
        RAISE EXCEPTION '% is not the first day of this month or of one of the next twelve', first_day
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_regclass(format('%I', 'webhook_deliveries_' || suffix)) IS NOT NULL
        OR EXISTS (SELECT 1 FROM webhook_deliveries_default WHERE id >= first_id AND id < end_id)
    THEN
        RETURN FALSE;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF webhook_deliveries FOR VALUES FROM (%L) TO (%L) WITH (fillfactor = 70)',
        'webhook_deliveries_' || suffix, first_id, end_id
    );
    EXECUTE format('ALTER TABLE %I ADD UNIQUE (event_id, endpoint_id)', 'webhook_deliveries_' || suffix);
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF webhook_attempts FOR VALUES FROM (%L) TO (%L)',
        'webhook_attempts_' || suffix, first_id, end_id
    );
    RETURN TRUE;
END
$$;

-- Drop the months that ended longer ago than the retention. Returns their suffixes, and how many of their deliveries were
-- still waiting to be sent. The shortest retention is that of SGATE_WEBHOOK_RETENTION_DAYS.
CREATE FUNCTION drop_delivery_months(retention INTERVAL) RETURNS TABLE (suffix TEXT, still_open BIGINT)
    LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ended_by CONSTANT TIMESTAMPTZ := now() - retention;
BEGIN
    IF ended_by IS NULL OR ended_by > now() - INTERVAL '31 days' THEN
        RAISE EXCEPTION 'deliveries are kept for at least 31 days, not for %', coalesce(retention::TEXT, 'NULL')
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR suffix IN
        SELECT right(c.relname, 7) FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'webhook_deliveries'::regclass AND c.relname ~ '^webhook_deliveries_[0-9]{4}_[0-9]{2}$'
            AND (to_date(right(c.relname, 7), 'YYYY_MM') + INTERVAL '1 month') AT TIME ZONE 'UTC' <= ended_by
        ORDER BY 1
    LOOP
        EXECUTE format(
            'SELECT count(*) FROM %I WHERE status IN (''pending'', ''held'')', 'webhook_deliveries_' || suffix
        ) INTO still_open;
        EXECUTE format('DROP TABLE %I, %I', 'webhook_attempts_' || suffix, 'webhook_deliveries_' || suffix);
        RETURN NEXT;
    END LOOP;
END
$$;

-- A caller's search path must not decide what the functions find: only the schema of these tables, and PostgreSQL's own.
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION make_delivery_month SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('ALTER FUNCTION drop_delivery_months SET search_path = %I, pg_temp', current_schema());
END
$$;

REVOKE EXECUTE ON FUNCTION make_delivery_month, drop_delivery_months FROM PUBLIC;
