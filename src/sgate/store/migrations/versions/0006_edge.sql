-- What rates need.

-- Looks at the price sources, newest last. Without a rate: the sources did not agree, and `source` says how.
CREATE TABLE exchange_rates (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    usd_per_btc NUMERIC(14, 2) CHECK (usd_per_btc > 0),
    source      VARCHAR(255) NOT NULL CHECK (source <> ''),
    samples     JSON NOT NULL,
    taken_at    TIMESTAMPTZ NOT NULL,
    looked_at   TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX exchange_rates_looked_at ON exchange_rates (looked_at);

-- Of all processes one looks at a time: whoever moves the time of the next look.
CREATE TABLE exchange_rate_turns (
    only_row     BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
    next_look_at TIMESTAMPTZ NOT NULL
);

INSERT INTO exchange_rate_turns (next_look_at) VALUES ('epoch');
