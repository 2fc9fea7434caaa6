-- What the checkout page needs: how a merchant's pages look, and who may embed them.

ALTER TABLE merchants
    ADD COLUMN accent_color  VARCHAR(7) CHECK (accent_color ~ '^#[0-9a-f]{6}$'),
    ADD COLUMN logo_digest   VARCHAR(32) CHECK (logo_digest ~ '^[0-9a-f]{32}$'),
    ADD COLUMN frame_origins TEXT[] NOT NULL DEFAULT '{}' CHECK (cardinality(frame_origins) <= 10);

-- Logos are served under their digest, so a changed logo has a new address. Apart from the profile, which is read often.
CREATE TABLE logos (
    digest     VARCHAR(32) PRIMARY KEY,
    media_type TEXT NOT NULL CHECK (media_type IN ('image/png', 'image/jpeg', 'image/webp')),
    content    BYTEA NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 65536),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

ALTER TABLE merchants ADD FOREIGN KEY (logo_digest) REFERENCES logos (digest);
