-- A delivery is made by the statement that makes its event, from the row of its endpoint, and neither is ever deleted: the
-- two constraints could not fail. They cost a third of making deliveries, and locked the same endpoint's row for each.

ALTER TABLE webhook_deliveries
    DROP CONSTRAINT webhook_deliveries_endpoint_id_fkey1,
    DROP CONSTRAINT webhook_deliveries_event_id_fkey1;
