-- Whether the merchant set the price in dollars, so that the amount in sats was computed from it. Otherwise the dollars only
-- inform the customer. Older intents keep FALSE, because it is not known how their price was set.
ALTER TABLE payment_intents ADD COLUMN priced_in_usd boolean NOT NULL DEFAULT FALSE,
    ADD CONSTRAINT payment_intents_price_check CHECK (NOT priced_in_usd OR amount_usd IS NOT NULL);
