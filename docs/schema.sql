-- The schema as the migrations build it. Made by `make generate`.

CREATE FUNCTION public.first_delivery_id(happened_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN ('whd_'::text || lpad(to_hex((floor((EXTRACT(epoch FROM happened_at) * (1000)::numeric)))::bigint), 12, '0'::text));

CREATE FUNCTION public.delivery_id(event_id text, endpoint_id text, happened_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (public.first_delivery_id(happened_at) || "left"(md5((event_id || endpoint_id)), 12));

CREATE FUNCTION public.events_announce_positions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared((21319::bigint << 48) | last_value) FROM events_position;
    RETURN NULL;
END
$$;

CREATE FUNCTION public.metadata_words(merchant_id uuid, livemode boolean, metadata jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT ((((((metadata_words.merchant_id)::text || CASE WHEN metadata_words.livemode THEN '/live/'::text ELSE '/test/'::text END) || length(pair.key)) || ':'::text) || pair.key) || pair.value) FROM jsonb_each_text(metadata_words.metadata) pair(key, value));

CREATE TABLE public.api_keys (
    id character varying(32) NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    name character varying(255) NOT NULL,
    scopes text[] NOT NULL,
    digest bytea NOT NULL,
    salt bytea NOT NULL,
    hash bytea NOT NULL,
    hint character varying(32) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    expires_at timestamp with time zone,
    CONSTRAINT api_keys_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 64)),
    CONSTRAINT api_keys_salt_check CHECK ((octet_length(salt) = 16)),
    CONSTRAINT api_keys_scopes_check CHECK (((scopes <@ ARRAY['read'::text, 'write'::text, 'admin'::text]) AND (scopes <> '{}'::text[])))
);

CREATE TABLE public.api_usage (
    livemode boolean NOT NULL,
    api text NOT NULL,
    month date NOT NULL,
    calls bigint NOT NULL,
    CONSTRAINT api_usage_calls_check CHECK ((calls >= 0))
);

CREATE TABLE public.audit_log (
    id bigint NOT NULL,
    merchant_id uuid,
    livemode boolean,
    actor text NOT NULL,
    action text NOT NULL,
    object_id text,
    request_id text,
    address text,
    detail jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.audit_log ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.blocks (
    livemode boolean NOT NULL,
    height integer NOT NULL,
    block_hash character varying(66) NOT NULL,
    index_block_hash character varying(66) NOT NULL,
    parent_index_block_hash character varying(66) NOT NULL,
    block_time timestamp with time zone NOT NULL,
    tenure_height integer NOT NULL,
    bitcoin_height integer NOT NULL
);

CREATE TABLE public.chain_cursors (
    livemode boolean NOT NULL,
    network text NOT NULL,
    scanned_height integer DEFAULT 0 NOT NULL,
    scanned_hash character varying(66) DEFAULT ''::character varying NOT NULL,
    scanned_time timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    tenure_height integer DEFAULT 0 NOT NULL,
    bitcoin_height integer DEFAULT 0 NOT NULL,
    version bigint DEFAULT 0 NOT NULL,
    advanced_at timestamp with time zone,
    checked_at timestamp with time zone,
    trouble text,
    tip_height integer DEFAULT 0 NOT NULL,
    rescan_from integer,
    rescan_to integer,
    rescan_announces boolean DEFAULT true NOT NULL,
    last_open_address character varying(128) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT chain_cursors_check CHECK ((num_nulls(rescan_from, rescan_to) = ANY (ARRAY[0, 2])))
);

CREATE TABLE public.events (
    id character varying(32) NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    type text NOT NULL,
    payment_intent_id character varying(32),
    sequence integer NOT NULL,
    payload json NOT NULL,
    view json,
    created_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    object_id character varying(32),
    CONSTRAINT events_sequence_check CHECK ((sequence >= 1))
);

CREATE SEQUENCE public.events_position
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.events_position OWNED BY public.events."position";

CREATE TABLE public.exchange_rate_turns (
    only_row boolean DEFAULT true NOT NULL,
    next_look_at timestamp with time zone NOT NULL,
    CONSTRAINT exchange_rate_turns_only_row_check CHECK (only_row)
);

CREATE TABLE public.exchange_rates (
    id bigint NOT NULL,
    usd_per_btc numeric(14,2),
    source character varying(255) NOT NULL,
    samples json NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    looked_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT exchange_rates_source_check CHECK (((source)::text <> ''::text)),
    CONSTRAINT exchange_rates_usd_per_btc_check CHECK ((usd_per_btc > (0)::numeric))
);

ALTER TABLE public.exchange_rates ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.exchange_rates_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.idempotency_keys (
    scope bytea NOT NULL,
    request_hash bytea NOT NULL,
    object_id text NOT NULL,
    answer_status smallint NOT NULL,
    answer_encrypted bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT idempotency_keys_request_hash_check CHECK ((octet_length(request_hash) = 32)),
    CONSTRAINT idempotency_keys_scope_check CHECK ((octet_length(scope) = 32))
);

CREATE TABLE public.ledger_commands (
    id bigint NOT NULL,
    payment_intent_id character varying(32) NOT NULL,
    command json NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.ledger_commands ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_commands_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_decisions (
    id bigint NOT NULL,
    payment_intent_id character varying(32) NOT NULL,
    before json NOT NULL,
    after json NOT NULL,
    events text[] NOT NULL,
    sequence integer NOT NULL,
    view json NOT NULL,
    decided_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.ledger_decisions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_decisions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_queue (
    payment_intent_id character varying(32) NOT NULL,
    livemode boolean NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    generation integer DEFAULT 1 NOT NULL
);

CREATE TABLE public.logos (
    digest character varying(32) NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT logos_content_check CHECK (((octet_length(content) >= 1) AND (octet_length(content) <= 65536))),
    CONSTRAINT logos_media_type_check CHECK ((media_type = ANY (ARRAY['image/png'::text, 'image/jpeg'::text, 'image/webp'::text])))
);

CREATE TABLE public.maintenance_mode (
    only_row boolean DEFAULT true NOT NULL,
    retry_after_s integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT maintenance_mode_only_row_check CHECK (only_row),
    CONSTRAINT maintenance_mode_retry_after_s_check CHECK (((retry_after_s >= 1) AND (retry_after_s <= 86400)))
);

CREATE TABLE public.mempool_sightings (
    tx_id character varying(66) NOT NULL,
    payment_intent_id character varying(32) NOT NULL,
    amount_sats bigint NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    CONSTRAINT mempool_sightings_amount_sats_check CHECK ((amount_sats > 0)),
    CONSTRAINT mempool_sightings_tx_id_check CHECK (((tx_id)::text ~ '^0x[0-9a-f]{64}$'::text))
);

CREATE TABLE public.merchant_days (
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    day date NOT NULL,
    created bigint NOT NULL,
    requires_payment bigint NOT NULL,
    processing bigint NOT NULL,
    confirmed bigint NOT NULL,
    expired bigint NOT NULL,
    failed bigint NOT NULL,
    canceled bigint NOT NULL,
    amount_sats numeric NOT NULL,
    received_sats numeric NOT NULL,
    confirmed_sats numeric NOT NULL,
    CONSTRAINT merchant_days_check CHECK ((created = (((((requires_payment + processing) + confirmed) + expired) + failed) + canceled)))
);

CREATE TABLE public.merchant_modes (
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    pay_address character varying(128),
    confirmation_policy jsonb,
    tolerance_sats bigint DEFAULT 0 NOT NULL,
    tolerance_bp integer DEFAULT 0 NOT NULL,
    late_payments text DEFAULT 'hold'::text NOT NULL,
    version integer DEFAULT 1 NOT NULL,
    rolled_up_to timestamp with time zone DEFAULT date_trunc('hour'::text, (now() - '02:00:00'::interval), 'UTC'::text) NOT NULL,
    CONSTRAINT merchant_modes_late_payments_check CHECK ((late_payments = ANY (ARRAY['hold'::text, 'accept'::text]))),
    CONSTRAINT merchant_modes_tolerance_bp_check CHECK (((tolerance_bp >= 0) AND (tolerance_bp <= 1000))),
    CONSTRAINT merchant_modes_tolerance_sats_check CHECK ((tolerance_sats >= 0))
);

CREATE TABLE public.merchants (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    name character varying(255) NOT NULL,
    support_url character varying(512),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    accent_color character varying(7),
    logo_digest character varying(32),
    frame_origins text[] DEFAULT '{}'::text[] NOT NULL,
    suspended_at timestamp with time zone,
    CONSTRAINT merchants_accent_color_check CHECK (((accent_color)::text ~ '^#[0-9a-f]{6}$'::text)),
    CONSTRAINT merchants_frame_origins_check CHECK ((cardinality(frame_origins) <= 10)),
    CONSTRAINT merchants_logo_digest_check CHECK (((logo_digest)::text ~ '^[0-9a-f]{32}$'::text)),
    CONSTRAINT merchants_name_check CHECK (((name)::text <> ''::text))
);

CREATE TABLE public.pay_addresses (
    livemode boolean NOT NULL,
    address character varying(128) NOT NULL,
    merchant_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    read_to_height integer DEFAULT 0 NOT NULL,
    read_at timestamp with time zone DEFAULT '1970-01-01 00:00:00+00'::timestamp with time zone NOT NULL,
    resume_at text,
    resume_height integer,
    CONSTRAINT pay_addresses_check CHECK (((resume_at IS NULL) = (resume_height IS NULL))),
    CONSTRAINT pay_addresses_read_to_height_check CHECK ((read_to_height >= 0))
);

CREATE TABLE public.payment_hints (
    payment_intent_id character varying(32) NOT NULL,
    tx_id character varying(66) NOT NULL,
    livemode boolean NOT NULL,
    looks integer DEFAULT 0 NOT NULL,
    next_look_at timestamp with time zone DEFAULT now(),
    hinted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payment_hints_looks_check CHECK ((looks >= 0)),
    CONSTRAINT payment_hints_tx_id_check CHECK (((tx_id)::text ~ '^0x[0-9a-f]{64}$'::text))
);

CREATE TABLE public.payment_intents (
    id character varying(32) NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    amount_sats bigint NOT NULL,
    currency character varying(10) DEFAULT 'sbtc'::character varying NOT NULL,
    client_secret character varying(64) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    grace_s integer NOT NULL,
    seen_hold_s integer NOT NULL,
    tolerance_sats bigint NOT NULL,
    tolerance_bp integer NOT NULL,
    confirmation_policy json NOT NULL,
    late_payments text NOT NULL,
    pay_address character varying(128) NOT NULL,
    description character varying(500),
    metadata jsonb,
    success_url character varying(512),
    cancel_url character varying(512),
    amount_usd character varying(20),
    rate_usd_per_btc character varying(20),
    rate_source character varying(255),
    quoted_at timestamp with time zone,
    status text DEFAULT 'requires_payment'::text NOT NULL,
    exceptions text[] DEFAULT '{}'::text[] NOT NULL,
    amount_received_sats bigint DEFAULT 0 NOT NULL,
    sequence integer DEFAULT 1 NOT NULL,
    next_check_height integer,
    next_check_time timestamp with time zone,
    decided_in json,
    confirmed_at timestamp with time zone,
    canceled_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    amount_counted_sats bigint DEFAULT 0 NOT NULL,
    CONSTRAINT payment_intents_amount_counted_sats_check CHECK ((amount_counted_sats >= 0)),
    CONSTRAINT payment_intents_amount_received_sats_check CHECK ((amount_received_sats >= 0)),
    CONSTRAINT payment_intents_amount_sats_check CHECK (((amount_sats >= 1) AND (amount_sats <= '2100000000000000'::bigint))),
    CONSTRAINT payment_intents_check CHECK (starts_with((client_secret)::text, (id)::text)),
    CONSTRAINT payment_intents_check1 CHECK ((expires_at > created_at)),
    CONSTRAINT payment_intents_check2 CHECK ((num_nulls(amount_usd, rate_usd_per_btc, rate_source, quoted_at) = ANY (ARRAY[0, 4]))),
    CONSTRAINT payment_intents_check3 CHECK (((status <> 'confirmed'::text) OR (confirmed_at IS NOT NULL))),
    CONSTRAINT payment_intents_check4 CHECK (((status <> 'canceled'::text) OR (canceled_at IS NOT NULL))),
    CONSTRAINT payment_intents_check5 CHECK (((status = 'requires_payment'::text) = (next_check_time IS NOT NULL))),
    CONSTRAINT payment_intents_check6 CHECK (((status = 'processing'::text) = (next_check_height IS NOT NULL))),
    CONSTRAINT payment_intents_currency_check CHECK (((currency)::text = 'sbtc'::text)),
    CONSTRAINT payment_intents_exceptions_check CHECK ((exceptions <@ ARRAY['partially_paid'::text, 'overpaid'::text, 'duplicate_payment'::text, 'paid_late'::text, 'paid_after_cancel'::text, 'reorged'::text])),
    CONSTRAINT payment_intents_grace_s_check CHECK ((grace_s >= 0)),
    CONSTRAINT payment_intents_id_check CHECK (((id)::text ~ '^pi_[0-9a-f]{24}$'::text)),
    CONSTRAINT payment_intents_late_payments_check CHECK ((late_payments = ANY (ARRAY['hold'::text, 'accept'::text]))),
    CONSTRAINT payment_intents_seen_hold_s_check CHECK ((seen_hold_s >= 0)),
    CONSTRAINT payment_intents_sequence_check CHECK ((sequence >= 1)),
    CONSTRAINT payment_intents_status_check CHECK ((status = ANY (ARRAY['requires_payment'::text, 'processing'::text, 'confirmed'::text, 'expired'::text, 'failed'::text, 'canceled'::text]))),
    CONSTRAINT payment_intents_tolerance_bp_check CHECK (((tolerance_bp >= 0) AND (tolerance_bp <= 1000))),
    CONSTRAINT payment_intents_tolerance_sats_check CHECK ((tolerance_sats >= 0))
)
WITH (fillfactor='85');

CREATE TABLE public.payment_observations (
    id bigint NOT NULL,
    payment_id character varying(32) NOT NULL,
    status text NOT NULL,
    block_height integer NOT NULL,
    index_block_hash character varying(66) NOT NULL,
    view json NOT NULL,
    observed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT payment_observations_status_check CHECK ((status = ANY (ARRAY['included'::text, 'orphaned'::text])))
);

ALTER TABLE public.payment_observations ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.payment_observations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.payments (
    id character varying(32) NOT NULL,
    livemode boolean NOT NULL,
    merchant_id uuid,
    payment_intent_id character varying(32),
    tx_id character varying(66) NOT NULL,
    event_index integer NOT NULL,
    amount_sats bigint NOT NULL,
    sender character varying(128) NOT NULL,
    recipient character varying(128) NOT NULL,
    memo bytea,
    status text NOT NULL,
    block_height integer NOT NULL,
    block_hash character varying(66) NOT NULL,
    index_block_hash character varying(66) NOT NULL,
    block_time timestamp with time zone NOT NULL,
    tx_index integer NOT NULL,
    tenure_height integer NOT NULL,
    bitcoin_height integer NOT NULL,
    first_mined_at timestamp with time zone NOT NULL,
    first_seen_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    recovered_intent_id character varying(32),
    assigned_at timestamp with time zone,
    refunded_at timestamp with time zone,
    refund_tx_id character varying(66),
    CONSTRAINT payments_amount_sats_check CHECK ((amount_sats > 0)),
    CONSTRAINT payments_check CHECK ((first_mined_at <= block_time)),
    CONSTRAINT payments_check1 CHECK (((refunded_at IS NULL) = (refund_tx_id IS NULL))),
    CONSTRAINT payments_check2 CHECK (((assigned_at IS NULL) OR (payment_intent_id IS NOT NULL))),
    CONSTRAINT payments_event_index_check CHECK ((event_index >= 0)),
    CONSTRAINT payments_recovered_intent_id_check CHECK (((recovered_intent_id)::text ~ '^pi_[0-9a-f]{24}$'::text)),
    CONSTRAINT payments_refund_tx_id_check CHECK (((refund_tx_id)::text ~ '^0x[0-9a-f]{64}$'::text)),
    CONSTRAINT payments_status_check CHECK ((status = ANY (ARRAY['included'::text, 'orphaned'::text]))),
    CONSTRAINT payments_tx_id_check CHECK (((tx_id)::text ~ '^0x[0-9a-f]{64}$'::text))
);

CREATE TABLE public.schema_compatibility (
    only_row boolean DEFAULT true NOT NULL,
    oldest_revision text NOT NULL,
    CONSTRAINT schema_compatibility_only_row_check CHECK (only_row)
);

CREATE TABLE public.touched_days (
    id bigint NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    day date NOT NULL
);

ALTER TABLE public.touched_days ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.touched_days_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.webhook_attempts (
    delivery_id character varying(32) CONSTRAINT webhook_attempts_delivery_id_not_null1 NOT NULL COLLATE pg_catalog."C",
    attempt integer CONSTRAINT webhook_attempts_attempt_not_null1 NOT NULL,
    url character varying(512) DEFAULT ''::character varying CONSTRAINT webhook_attempts_url_not_null1 NOT NULL,
    started_at timestamp with time zone CONSTRAINT webhook_attempts_started_at_not_null1 NOT NULL,
    duration_ms integer CONSTRAINT webhook_attempts_duration_ms_not_null1 NOT NULL,
    response_status integer,
    response_headers json,
    response_body text,
    error text,
    CONSTRAINT webhook_attempts_attempt_check1 CHECK ((attempt >= 1)),
    CONSTRAINT webhook_attempts_duration_ms_check1 CHECK ((duration_ms >= 0))
)
PARTITION BY RANGE (delivery_id);

CREATE TABLE public.webhook_attempts_default (
    delivery_id character varying(32) CONSTRAINT webhook_attempts_delivery_id_not_null1 NOT NULL COLLATE pg_catalog."C",
    attempt integer CONSTRAINT webhook_attempts_attempt_not_null1 NOT NULL,
    url character varying(512) DEFAULT ''::character varying CONSTRAINT webhook_attempts_url_not_null1 NOT NULL,
    started_at timestamp with time zone CONSTRAINT webhook_attempts_started_at_not_null1 NOT NULL,
    duration_ms integer CONSTRAINT webhook_attempts_duration_ms_not_null1 NOT NULL,
    response_status integer,
    response_headers json,
    response_body text,
    error text,
    CONSTRAINT webhook_attempts_attempt_check1 CHECK ((attempt >= 1)),
    CONSTRAINT webhook_attempts_duration_ms_check1 CHECK ((duration_ms >= 0))
);

CREATE TABLE public.webhook_deliveries (
    id character varying(32) CONSTRAINT webhook_deliveries_id_not_null1 NOT NULL COLLATE pg_catalog."C",
    merchant_id uuid CONSTRAINT webhook_deliveries_merchant_id_not_null1 NOT NULL,
    livemode boolean CONSTRAINT webhook_deliveries_livemode_not_null1 NOT NULL,
    endpoint_id character varying(32) CONSTRAINT webhook_deliveries_endpoint_id_not_null1 NOT NULL,
    event_id character varying(32) CONSTRAINT webhook_deliveries_event_id_not_null1 NOT NULL,
    payment_intent_id character varying(32),
    sequence integer CONSTRAINT webhook_deliveries_sequence_not_null1 NOT NULL,
    status text DEFAULT 'pending'::text CONSTRAINT webhook_deliveries_status_not_null1 NOT NULL,
    attempts integer DEFAULT 0 CONSTRAINT webhook_deliveries_attempts_not_null1 NOT NULL,
    attempts_before integer DEFAULT 0 CONSTRAINT webhook_deliveries_attempts_before_not_null1 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now(),
    lease_token uuid,
    leased_until timestamp with time zone,
    last_attempt timestamp with time zone,
    last_error text,
    response_status integer,
    delivered_at timestamp with time zone,
    failed_at timestamp with time zone,
    created_at timestamp with time zone CONSTRAINT webhook_deliveries_created_at_not_null1 NOT NULL,
    CONSTRAINT webhook_deliveries_attempts_check1 CHECK ((attempts >= 0)),
    CONSTRAINT webhook_deliveries_check5 CHECK (((attempts_before >= 0) AND (attempts_before <= attempts))),
    CONSTRAINT webhook_deliveries_check6 CHECK (((status = 'pending'::text) = (next_attempt_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check7 CHECK (((status = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check8 CHECK (((status = 'failed'::text) = (failed_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check9 CHECK (((lease_token IS NULL) = (leased_until IS NULL))),
    CONSTRAINT webhook_deliveries_status_check1 CHECK ((status = ANY (ARRAY['pending'::text, 'held'::text, 'delivered'::text, 'failed'::text])))
)
PARTITION BY RANGE (id);

CREATE TABLE public.webhook_deliveries_default (
    id character varying(32) CONSTRAINT webhook_deliveries_id_not_null1 NOT NULL COLLATE pg_catalog."C",
    merchant_id uuid CONSTRAINT webhook_deliveries_merchant_id_not_null1 NOT NULL,
    livemode boolean CONSTRAINT webhook_deliveries_livemode_not_null1 NOT NULL,
    endpoint_id character varying(32) CONSTRAINT webhook_deliveries_endpoint_id_not_null1 NOT NULL,
    event_id character varying(32) CONSTRAINT webhook_deliveries_event_id_not_null1 NOT NULL,
    payment_intent_id character varying(32),
    sequence integer CONSTRAINT webhook_deliveries_sequence_not_null1 NOT NULL,
    status text DEFAULT 'pending'::text CONSTRAINT webhook_deliveries_status_not_null1 NOT NULL,
    attempts integer DEFAULT 0 CONSTRAINT webhook_deliveries_attempts_not_null1 NOT NULL,
    attempts_before integer DEFAULT 0 CONSTRAINT webhook_deliveries_attempts_before_not_null1 NOT NULL,
    next_attempt_at timestamp with time zone DEFAULT now(),
    lease_token uuid,
    leased_until timestamp with time zone,
    last_attempt timestamp with time zone,
    last_error text,
    response_status integer,
    delivered_at timestamp with time zone,
    failed_at timestamp with time zone,
    created_at timestamp with time zone CONSTRAINT webhook_deliveries_created_at_not_null1 NOT NULL,
    CONSTRAINT webhook_deliveries_attempts_check1 CHECK ((attempts >= 0)),
    CONSTRAINT webhook_deliveries_check5 CHECK (((attempts_before >= 0) AND (attempts_before <= attempts))),
    CONSTRAINT webhook_deliveries_check6 CHECK (((status = 'pending'::text) = (next_attempt_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check7 CHECK (((status = 'delivered'::text) = (delivered_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check8 CHECK (((status = 'failed'::text) = (failed_at IS NOT NULL))),
    CONSTRAINT webhook_deliveries_check9 CHECK (((lease_token IS NULL) = (leased_until IS NULL))),
    CONSTRAINT webhook_deliveries_status_check1 CHECK ((status = ANY (ARRAY['pending'::text, 'held'::text, 'delivered'::text, 'failed'::text])))
)
WITH (fillfactor='70');

CREATE TABLE public.webhook_endpoints (
    id character varying(32) NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    url character varying(512) NOT NULL,
    description character varying(255),
    event_types text[] DEFAULT '{}'::text[] NOT NULL,
    secret_encrypted bytea NOT NULL,
    disabled_at timestamp with time zone,
    disabled_reason text,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    previous_secret_encrypted bytea,
    previous_secret_until timestamp with time zone,
    failing_since timestamp with time zone,
    tended_until timestamp with time zone,
    updated_at timestamp with time zone,
    CONSTRAINT webhook_endpoints_check CHECK (((previous_secret_encrypted IS NULL) = (previous_secret_until IS NULL))),
    CONSTRAINT webhook_endpoints_check1 CHECK (((disabled_at IS NULL) = (disabled_reason IS NULL)))
);

CREATE TABLE public.webhook_recoveries (
    id character varying(32) NOT NULL,
    merchant_id uuid NOT NULL,
    livemode boolean NOT NULL,
    endpoint_id character varying(32) NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    include_delivered boolean NOT NULL,
    reached_at timestamp with time zone NOT NULL,
    reached_id character varying(32) DEFAULT ''::character varying NOT NULL,
    replayed integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT webhook_recoveries_check CHECK ((since < until)),
    CONSTRAINT webhook_recoveries_replayed_check CHECK ((replayed >= 0))
);

ALTER TABLE ONLY public.webhook_attempts ATTACH PARTITION public.webhook_attempts_default DEFAULT;

ALTER TABLE ONLY public.webhook_deliveries ATTACH PARTITION public.webhook_deliveries_default DEFAULT;

ALTER TABLE ONLY public.events ALTER COLUMN "position" SET DEFAULT nextval('public.events_position'::regclass);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_digest_key UNIQUE (digest);

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.api_usage
    ADD CONSTRAINT api_usage_pkey PRIMARY KEY (livemode, api, month);

ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_livemode_index_block_hash_key UNIQUE (livemode, index_block_hash);

ALTER TABLE ONLY public.blocks
    ADD CONSTRAINT blocks_pkey PRIMARY KEY (livemode, height);

ALTER TABLE ONLY public.chain_cursors
    ADD CONSTRAINT chain_cursors_pkey PRIMARY KEY (livemode);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_payment_intent_id_sequence_key UNIQUE (payment_intent_id, sequence);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exchange_rate_turns
    ADD CONSTRAINT exchange_rate_turns_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.exchange_rates
    ADD CONSTRAINT exchange_rates_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.idempotency_keys
    ADD CONSTRAINT idempotency_keys_pkey PRIMARY KEY (scope);

ALTER TABLE ONLY public.ledger_commands
    ADD CONSTRAINT ledger_commands_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_decisions
    ADD CONSTRAINT ledger_decisions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_queue
    ADD CONSTRAINT ledger_queue_pkey PRIMARY KEY (payment_intent_id);

ALTER TABLE ONLY public.logos
    ADD CONSTRAINT logos_pkey PRIMARY KEY (digest);

ALTER TABLE ONLY public.maintenance_mode
    ADD CONSTRAINT maintenance_mode_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.mempool_sightings
    ADD CONSTRAINT mempool_sightings_pkey PRIMARY KEY (payment_intent_id, tx_id);

ALTER TABLE ONLY public.merchant_days
    ADD CONSTRAINT merchant_days_pkey PRIMARY KEY (merchant_id, livemode, day);

ALTER TABLE ONLY public.merchant_modes
    ADD CONSTRAINT merchant_modes_pkey PRIMARY KEY (merchant_id, livemode);

ALTER TABLE ONLY public.merchants
    ADD CONSTRAINT merchants_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pay_addresses
    ADD CONSTRAINT pay_addresses_pkey PRIMARY KEY (livemode, address);

ALTER TABLE ONLY public.payment_hints
    ADD CONSTRAINT payment_hints_pkey PRIMARY KEY (payment_intent_id, tx_id);

ALTER TABLE ONLY public.payment_intents
    ADD CONSTRAINT payment_intents_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payment_observations
    ADD CONSTRAINT payment_observations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.schema_compatibility
    ADD CONSTRAINT schema_compatibility_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.touched_days
    ADD CONSTRAINT touched_days_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_attempts
    ADD CONSTRAINT webhook_attempts_pkey PRIMARY KEY (delivery_id, attempt);

ALTER TABLE ONLY public.webhook_attempts_default
    ADD CONSTRAINT webhook_attempts_default_pkey PRIMARY KEY (delivery_id, attempt);

ALTER TABLE ONLY public.webhook_deliveries_default
    ADD CONSTRAINT webhook_deliveries_default_event_id_endpoint_id_key UNIQUE (event_id, endpoint_id);

ALTER TABLE ONLY public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_deliveries_default
    ADD CONSTRAINT webhook_deliveries_default_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.webhook_recoveries
    ADD CONSTRAINT webhook_recoveries_pkey PRIMARY KEY (id);

CREATE INDEX api_keys_expiring ON public.api_keys USING btree (expires_at) WHERE (expires_at IS NOT NULL);

CREATE INDEX api_keys_merchant ON public.api_keys USING btree (merchant_id, livemode, created_at);

CREATE INDEX api_keys_revoked ON public.api_keys USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX audit_log_merchant ON public.audit_log USING btree (merchant_id, livemode, id DESC);

CREATE INDEX events_list ON public.events USING btree (merchant_id, livemode, created_at DESC, id DESC);

CREATE INDEX events_object ON public.events USING btree (object_id) WHERE (object_id IS NOT NULL);

CREATE UNIQUE INDEX events_read ON public.events USING btree (merchant_id, livemode, "position");

CREATE UNIQUE INDEX events_succeeded_once ON public.events USING btree (payment_intent_id) WHERE (type = 'payment_intent.succeeded'::text);

CREATE INDEX exchange_rates_looked_at ON public.exchange_rates USING btree (looked_at);

CREATE INDEX idempotency_keys_expiry ON public.idempotency_keys USING btree (expires_at);

CREATE INDEX ledger_commands_intent ON public.ledger_commands USING btree (payment_intent_id);

CREATE INDEX ledger_decisions_intent ON public.ledger_decisions USING btree (payment_intent_id, id);

CREATE INDEX ledger_queue_order ON public.ledger_queue USING btree (livemode, queued_at);

CREATE INDEX mempool_sightings_tx ON public.mempool_sightings USING btree (tx_id);

CREATE UNIQUE INDEX merchant_modes_pay_address ON public.merchant_modes USING btree (livemode, pay_address);

CREATE INDEX merchant_modes_rolled_up_to ON public.merchant_modes USING btree (rolled_up_to);

CREATE INDEX merchants_suspended ON public.merchants USING btree (suspended_at) WHERE (suspended_at IS NOT NULL);

CREATE INDEX pay_addresses_read ON public.pay_addresses USING btree (livemode, read_at);

CREATE INDEX payment_hints_due ON public.payment_hints USING btree (livemode, next_look_at) WHERE (next_look_at IS NOT NULL);

CREATE INDEX payment_hints_tx ON public.payment_hints USING btree (tx_id) WHERE (next_look_at IS NOT NULL);

CREATE INDEX payment_intents_deadline ON public.payment_intents USING btree (livemode, next_check_time) WHERE (next_check_time IS NOT NULL);

CREATE INDEX payment_intents_list ON public.payment_intents USING btree (merchant_id, livemode, created_at DESC, id DESC);

CREATE INDEX payment_intents_metadata ON public.payment_intents USING gin (public.metadata_words(merchant_id, livemode, metadata)) WHERE (metadata IS NOT NULL);

CREATE INDEX payment_intents_open_address ON public.payment_intents USING btree (livemode, pay_address) WHERE (next_check_time IS NOT NULL);

CREATE INDEX payment_intents_status ON public.payment_intents USING btree (merchant_id, livemode, status, created_at DESC, id DESC);

CREATE INDEX payment_intents_threshold ON public.payment_intents USING btree (livemode, next_check_height) WHERE (next_check_height IS NOT NULL);

CREATE INDEX payment_observations_payment ON public.payment_observations USING btree (payment_id, id);

CREATE UNIQUE INDEX payments_content ON public.payments USING btree (livemode, tx_id, event_index, recipient, amount_sats, COALESCE(memo, '\x'::bytea));

CREATE INDEX payments_height ON public.payments USING btree (livemode, block_height);

CREATE UNIQUE INDEX payments_included_once ON public.payments USING btree (livemode, tx_id, event_index) WHERE (status = 'included'::text);

CREATE INDEX payments_intent ON public.payments USING btree (payment_intent_id) WHERE (payment_intent_id IS NOT NULL);

CREATE INDEX payments_list ON public.payments USING btree (merchant_id, livemode, created_at DESC, id DESC);

CREATE INDEX payments_orphaned ON public.payments USING btree (livemode) WHERE (status = 'orphaned'::text);

CREATE INDEX payments_unmatched ON public.payments USING btree (merchant_id, livemode, created_at DESC, id DESC) WHERE (payment_intent_id IS NULL);

CREATE INDEX touched_days_day ON public.touched_days USING btree (merchant_id, livemode, day);

CREATE INDEX webhook_deliveries_endpoint ON ONLY public.webhook_deliveries USING btree (endpoint_id, created_at);

CREATE INDEX webhook_deliveries_default_endpoint_id_created_at_idx ON public.webhook_deliveries_default USING btree (endpoint_id, created_at);

CREATE INDEX webhook_deliveries_failed ON ONLY public.webhook_deliveries USING btree (endpoint_id, created_at) WHERE (status = 'failed'::text);

CREATE INDEX webhook_deliveries_default_endpoint_id_created_at_idx1 ON public.webhook_deliveries_default USING btree (endpoint_id, created_at) WHERE (status = 'failed'::text);

CREATE INDEX webhook_deliveries_held ON ONLY public.webhook_deliveries USING btree (endpoint_id, created_at, sequence) WHERE (status = 'held'::text);

CREATE INDEX webhook_deliveries_default_endpoint_id_created_at_sequence_idx ON public.webhook_deliveries_default USING btree (endpoint_id, created_at, sequence) WHERE (status = 'held'::text);

CREATE INDEX webhook_deliveries_due ON ONLY public.webhook_deliveries USING btree (next_attempt_at) WHERE (status = 'pending'::text);

CREATE INDEX webhook_deliveries_default_next_attempt_at_idx ON public.webhook_deliveries_default USING btree (next_attempt_at) WHERE (status = 'pending'::text);

CREATE INDEX webhook_deliveries_untried ON ONLY public.webhook_deliveries USING btree (payment_intent_id, endpoint_id, sequence) WHERE ((status = ANY (ARRAY['pending'::text, 'held'::text])) AND (last_attempt IS NULL));

CREATE INDEX webhook_deliveries_default_payment_intent_id_endpoint_id_se_idx ON public.webhook_deliveries_default USING btree (payment_intent_id, endpoint_id, sequence) WHERE ((status = ANY (ARRAY['pending'::text, 'held'::text])) AND (last_attempt IS NULL));

CREATE INDEX webhook_endpoints_merchant ON public.webhook_endpoints USING btree (merchant_id, livemode) WHERE (deleted_at IS NULL);

CREATE INDEX webhook_endpoints_tended ON public.webhook_endpoints USING btree (tended_until) WHERE (tended_until IS NOT NULL);

CREATE UNIQUE INDEX webhook_recoveries_open ON public.webhook_recoveries USING btree (endpoint_id) WHERE (finished_at IS NULL);

ALTER INDEX public.webhook_attempts_pkey ATTACH PARTITION public.webhook_attempts_default_pkey;

ALTER INDEX public.webhook_deliveries_endpoint ATTACH PARTITION public.webhook_deliveries_default_endpoint_id_created_at_idx;

ALTER INDEX public.webhook_deliveries_failed ATTACH PARTITION public.webhook_deliveries_default_endpoint_id_created_at_idx1;

ALTER INDEX public.webhook_deliveries_held ATTACH PARTITION public.webhook_deliveries_default_endpoint_id_created_at_sequence_idx;

ALTER INDEX public.webhook_deliveries_due ATTACH PARTITION public.webhook_deliveries_default_next_attempt_at_idx;

ALTER INDEX public.webhook_deliveries_untried ATTACH PARTITION public.webhook_deliveries_default_payment_intent_id_endpoint_id_se_idx;

ALTER INDEX public.webhook_deliveries_pkey ATTACH PARTITION public.webhook_deliveries_default_pkey;

CREATE TRIGGER events_positions BEFORE INSERT ON public.events FOR EACH STATEMENT EXECUTE FUNCTION public.events_announce_positions();

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT api_keys_merchant_id_livemode_fkey FOREIGN KEY (merchant_id, livemode) REFERENCES public.merchant_modes(merchant_id, livemode);

ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.ledger_commands
    ADD CONSTRAINT ledger_commands_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.ledger_decisions
    ADD CONSTRAINT ledger_decisions_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.ledger_queue
    ADD CONSTRAINT ledger_queue_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.mempool_sightings
    ADD CONSTRAINT mempool_sightings_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.merchant_days
    ADD CONSTRAINT merchant_days_merchant_id_livemode_fkey FOREIGN KEY (merchant_id, livemode) REFERENCES public.merchant_modes(merchant_id, livemode);

ALTER TABLE ONLY public.merchant_modes
    ADD CONSTRAINT merchant_modes_livemode_pay_address_fkey FOREIGN KEY (livemode, pay_address) REFERENCES public.pay_addresses(livemode, address);

ALTER TABLE ONLY public.merchant_modes
    ADD CONSTRAINT merchant_modes_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);

ALTER TABLE ONLY public.merchants
    ADD CONSTRAINT merchants_logo_digest_fkey FOREIGN KEY (logo_digest) REFERENCES public.logos(digest);

ALTER TABLE ONLY public.pay_addresses
    ADD CONSTRAINT pay_addresses_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);

ALTER TABLE ONLY public.payment_hints
    ADD CONSTRAINT payment_hints_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE ONLY public.payment_intents
    ADD CONSTRAINT payment_intents_merchant_id_livemode_fkey FOREIGN KEY (merchant_id, livemode) REFERENCES public.merchant_modes(merchant_id, livemode);

ALTER TABLE ONLY public.payment_observations
    ADD CONSTRAINT payment_observations_payment_id_fkey FOREIGN KEY (payment_id) REFERENCES public.payments(id);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES public.merchants(id);

ALTER TABLE ONLY public.payments
    ADD CONSTRAINT payments_payment_intent_id_fkey FOREIGN KEY (payment_intent_id) REFERENCES public.payment_intents(id);

ALTER TABLE public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_endpoint_id_fkey1 FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id);

ALTER TABLE public.webhook_deliveries
    ADD CONSTRAINT webhook_deliveries_event_id_fkey1 FOREIGN KEY (event_id) REFERENCES public.events(id);

ALTER TABLE ONLY public.webhook_endpoints
    ADD CONSTRAINT webhook_endpoints_merchant_id_livemode_fkey FOREIGN KEY (merchant_id, livemode) REFERENCES public.merchant_modes(merchant_id, livemode);

ALTER TABLE ONLY public.webhook_recoveries
    ADD CONSTRAINT webhook_recoveries_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES public.webhook_endpoints(id);
