// Made from docs/openapi.json by `npm run generate`; a test fails when the two differ.

export interface paths {
    "/v1/payment_intents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payment intents
         * @description Needs a key with the scope `read`.
         */
        get: operations["listPaymentIntents"];
        put?: never;
        /**
         * Create a payment intent
         * @description Needs a key with the scope `write`.
         */
        post: operations["createPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{intent_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a payment intent
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrievePaymentIntent"];
        put?: never;
        /**
         * Update a payment intent
         * @description Needs a key with the scope `write`.
         */
        post: operations["updatePaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{intent_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a payment intent
         * @description Needs a key with the scope `write`.
         */
        post: operations["cancelPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payment_intents/{intent_id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Count money that came late or after a cancel
         * @description Needs a key with the scope `write`.
         */
        post: operations["acceptPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List payments and unmatched deposits
         * @description Needs a key with the scope `read`.
         */
        get: operations["listPayments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{payment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a payment
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrievePayment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{payment_id}/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Say which payment intent an unmatched deposit is for
         * @description Needs a key with the scope `write`.
         */
        post: operations["assignPayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/payments/{payment_id}/mark_refunded": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Record that a payment was sent back by hand
         * @description Needs a key with the scope `write`.
         */
        post: operations["markPaymentRefunded"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve the merchant
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveMerchant"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update the merchant
         * @description Needs a key with the scope `admin`.
         */
        patch: operations["updateMerchant"];
        trace?: never;
    };
    "/v1/merchants/me/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve daily numbers
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveMerchantStats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/merchants/me/logo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Set the logo
         * @description Needs a key with the scope `admin`.
         */
        put: operations["setLogo"];
        post?: never;
        /**
         * Remove the logo
         * @description Needs a key with the scope `admin`.
         */
        delete: operations["deleteLogo"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/api_keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List API keys
         * @description Needs a key with the scope `admin`.
         */
        get: operations["listApiKeys"];
        put?: never;
        /**
         * Create an API key
         * @description Needs a key with the scope `admin`.
         */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/api_keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve an API key
         * @description Needs a key with the scope `admin`.
         */
        get: operations["retrieveApiKey"];
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Needs a key with the scope `admin`.
         */
        delete: operations["revokeApiKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/api_keys/{key_id}/roll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace an API key
         * @description Needs a key with the scope `admin`.
         */
        post: operations["rollApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit_log": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the audit log
         * @description Needs a key with the scope `admin`.
         */
        get: operations["listAuditLog"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhook endpoints
         * @description Needs a key with the scope `read`.
         */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /**
         * Create a webhook endpoint
         * @description Needs a key with the scope `admin`.
         */
        post: operations["createWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{endpoint_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a webhook endpoint
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveWebhookEndpoint"];
        put?: never;
        /**
         * Update a webhook endpoint
         * @description Needs a key with the scope `admin`.
         */
        post: operations["updateWebhookEndpoint"];
        /**
         * Delete a webhook endpoint
         * @description Needs a key with the scope `admin`.
         */
        delete: operations["deleteWebhookEndpoint"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{endpoint_id}/rotate_secret": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Rotate the secret; the one before signs too for 24 hours
         * @description Needs a key with the scope `admin`.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{endpoint_id}/enable": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Enable a webhook endpoint and send what was held
         * @description Needs a key with the scope `admin`.
         */
        post: operations["enableWebhookEndpoint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{endpoint_id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test event
         * @description Needs a key with the scope `admin`.
         */
        post: operations["sendTestWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_endpoints/{endpoint_id}/recover": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send the events of some time once more
         * @description Needs a key with the scope `admin`.
         */
        post: operations["recoverWebhooks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_recoveries/{recovery_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a recovery: how far it is
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveWebhookRecovery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhook deliveries
         * @description Needs a key with the scope `read`.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_deliveries/{delivery_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve a webhook delivery with its attempts
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveWebhookDelivery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhook_deliveries/{delivery_id}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a webhook once more
         * @description Needs a key with the scope `write`.
         */
        post: operations["redeliverWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List events, or stream those to come
         * @description Needs a key with the scope `read`.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events/{event_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Retrieve an event
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveEvent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulator": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where the simulated chain stands
         * @description Needs a key with the scope `read`.
         */
        get: operations["retrieveSimulator"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulator/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Pay on the simulated chain
         * @description Needs a key with the scope `write`.
         */
        post: operations["simulatePayment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulator/payment_intents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Create a payment intent that expires soon
         * @description Needs a key with the scope `write`.
         */
        post: operations["createShortPaymentIntent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulator/blocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Mine blocks of the simulated chain
         * @description Needs a key with the scope `write`.
         */
        post: operations["mineBlocks"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/simulator/reorg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let another branch win
         * @description Needs a key with the scope `write`.
         */
        post: operations["reorganise"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/public/payment_intents/{intent_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Retrieve what a payer may see */
        get: operations["retrievePublicPaymentIntent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/public/payment_intents/{intent_id}/hint": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tell which transaction the wallet sent */
        post: operations["giveHint"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/public/payment_intents/{intent_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Be told what changes */
        get: operations["streamPublicPaymentIntent"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/public/payment_intents/{intent_id}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Retrieve the receipt */
        get: operations["retrieveReceipt"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How well every part works */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process runs */
        get: operations["healthLive"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process can serve requests */
        get: operations["healthReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * IntentWithPayments
         * @description A payment intent with its payments, in chain order.
         */
        IntentWithPayments: {
            id: string;
            /** @default payment_intent */
            object?: string;
            livemode: boolean;
            status: string;
            exceptions: string[];
            amount_sats: number;
            amount_received_sats: number;
            amount_due_sats: number;
            /** @default sbtc */
            currency?: string;
            pay_address: string;
            memo: string;
            memo_hex: string;
            confirmations: number;
            finality: components["schemas"]["Finality"] | null;
            confirmation_policy: components["schemas"]["Tier"][];
            quote: components["schemas"]["QuoteObject"] | null;
            description: string | null;
            metadata: {
                [key: string]: string;
            };
            success_url: string | null;
            cancel_url: string | null;
            client_secret: string;
            checkout_url: string;
            expires_at: string;
            created_at: string;
            confirmed_at: string | null;
            canceled_at: string | null;
            sequence: number;
            payments: components["schemas"]["PaymentObject"][];
        };
        /**
         * Finality
         * @description How settled a payment is, in words for payers and merchants.
         * @enum {unknown}
         */
        Finality: "anchored" | "bitcoin_final" | "included" | "seen";
        /**
         * Tier
         * @description What must hold for amounts from `from_sats` upward. All numbers that are given must hold.
         *
         *         Attributes:
         *             from_sats: the smallest amount of this tier.
         *             stacks_blocks: Stacks blocks including the payment's own (1 = included).
         *             tenure_changes: tenures begun since the payment's.
         *             bitcoin_blocks: Bitcoin blocks since, including the one the payment's tenure is anchored to (1 = at once).
         */
        Tier: {
            from_sats: number;
            /** @default null */
            stacks_blocks?: number | null;
            /** @default null */
            tenure_changes?: number | null;
            /** @default null */
            bitcoin_blocks?: number | null;
        };
        /**
         * QuoteObject
         * @description What the amount was worth in US dollars when the intent was made, and who said so.
         */
        QuoteObject: {
            amount_usd: string;
            rate_usd_per_btc: string;
            source: string;
            quoted_at: string;
        };
        /**
         * PaymentObject
         * @description One sBTC transfer. `confirmations` counts Stacks blocks; it is 0 while the payment is orphaned.
         */
        PaymentObject: {
            id: string;
            /** @default payment */
            object?: string;
            tx_id: string;
            event_index: number;
            amount_sats: number;
            sender: string;
            recipient: string;
            memo_hex: string | null;
            status: components["schemas"]["Inclusion"];
            confirmations: number;
            tenure_changes: number;
            bitcoin_blocks: number;
            finality: components["schemas"]["Finality"] | null;
            block_height: number;
            block_hash: string;
            block_time: string;
        };
        /**
         * Inclusion
         * @description Where a payment stands on the chain.
         * @enum {unknown}
         */
        Inclusion: "included" | "orphaned";
        /**
         * CreatePaymentIntent
         * @description Ask for a payment. Give exactly one of `amount_sats` and `amount_usd`.
         */
        CreatePaymentIntent: {
            /**
             * @description What is due, in sats: an integer, or a string of digits, from 1 to 2100000000000000.
             * @default null
             */
            amount_sats?: number | string;
            /**
             * @description What is due, in US dollars, as a decimal string.
             * @default null
             */
            amount_usd?: string | null;
            /**
             * @description `sbtc`.
             * @default sbtc
             */
            currency?: string;
            /**
             * @description Shown to the payer; at most 500 characters.
             * @default null
             */
            description?: string | null;
            /**
             * @description Up to 20 keys (40 characters) with text values (500 bytes), never shown to payers.
             * @default null
             */
            metadata?: {
                [key: string]: string;
            } | null;
            /**
             * @description Where the payer goes when it is paid; `{id}` is replaced.
             * @default null
             */
            success_url?: string | null;
            /**
             * @description Where the payer goes to give up.
             * @default null
             */
            cancel_url?: string | null;
            /**
             * @description Seconds until the deadline, 60 to 86400.
             * @default 900
             */
            expires_in?: number;
            /**
             * @description Tiers by amount; at least as strict as the merchant's policy.
             * @default null
             */
            confirmation_policy?: components["schemas"]["Tier"][] | null;
        };
        /**
         * IntentList
         * @description A part of the list of payment intents, newest first. The last four fields are there if `page` was given.
         *
         *         `total` is counted up to 10,000; if there are more, `total_is_exact` is false.
         */
        IntentList: {
            object: string;
            data: components["schemas"]["IntentWithPayments"][];
            has_more: boolean;
            limit: number;
            total?: number;
            total_is_exact?: boolean;
            page?: number;
            pages?: number;
        };
        /**
         * UpdatePaymentIntent
         * @description Change what you say about a payment intent. What is not given stays.
         */
        UpdatePaymentIntent: {
            /** @description Shown to the payer; at most 500 characters. */
            description?: string | null;
            /** @description Keys to set; null as a value removes a key, and null instead of the object removes all. */
            metadata?: {
                [key: string]: string | null;
            } | null;
        };
        /**
         * PaymentList
         * @description A page of payments, newest first.
         */
        PaymentList: {
            object: string;
            data: components["schemas"]["DepositObject"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * DepositObject
         * @description A payment on its own, with what became of it; the object of `payment.*` events.
         *
         *         `payment_intent` is null for an unmatched deposit; `recovered_intent_id` is then the intent that its memo names and
         *         that this server does not know. `assigned_at` says that it was assigned by hand; `refunded_at` and `refund_tx_id`
         *         that it was marked as sent back.
         */
        DepositObject: {
            id: string;
            /** @default payment */
            object?: string;
            tx_id: string;
            event_index: number;
            amount_sats: number;
            sender: string;
            recipient: string;
            memo_hex: string | null;
            status: components["schemas"]["Inclusion"];
            confirmations: number;
            tenure_changes: number;
            bitcoin_blocks: number;
            finality: components["schemas"]["Finality"] | null;
            block_height: number;
            block_hash: string;
            block_time: string;
            livemode: boolean;
            payment_intent: string | null;
            recovered_intent_id: string | null;
            assigned_at: string | null;
            refunded_at: string | null;
            refund_tx_id: string | null;
            created_at: string;
        };
        /**
         * AssignPayment
         * @description Say which payment intent an unmatched deposit is for.
         */
        AssignPayment: {
            /** @description Id of an intent with the same pay address. */
            payment_intent: string;
        };
        /**
         * MarkRefunded
         * @description Record that a payment was sent back by hand.
         */
        MarkRefunded: {
            /** @description The transaction that sent it back. */
            tx_id: string;
        };
        /**
         * MerchantObject
         * @description The merchant of a key, with the settings of the key's mode.
         *
         *         `effective_pay_address` is where payments go: the merchant's own address, else the deployment's gateway address.
         *         `effective_confirmation_policy` likewise. Name, links, logo, colour and frames are the same in both modes.
         */
        MerchantObject: {
            id: string;
            /** @default merchant */
            object?: string;
            livemode: boolean;
            name: string;
            support_url: string | null;
            logo_url: string | null;
            accent_color: string | null;
            frame_origins: string[];
            network: string;
            pay_address: string | null;
            effective_pay_address: string | null;
            confirmation_policy: components["schemas"]["Tier"][] | null;
            effective_confirmation_policy: components["schemas"]["Tier"][];
            tolerance_sats: number;
            tolerance_bp: number;
            late_payments: string;
            created_at: string;
        };
        /**
         * UpdateMerchant
         * @description Change the merchant's profile, and the settings of the key's mode. What is not given stays.
         */
        UpdateMerchant: {
            name?: string;
            support_url?: string | null;
            /** @description The colour of buttons and links on your pages, such as `#0c5a54`; null is ours. */
            accent_color?: string | null;
            /** @description Origins that may embed the checkout in a frame, such as `https://shop.example`. */
            frame_origins?: string[];
            /** @description Where payments go: a Stacks address or contract of the mode's network, or null. */
            pay_address?: string | null;
            confirmation_policy?: components["schemas"]["Tier"][] | null;
            /** @description How many sats may be missing from an amount that still counts as paid. */
            tolerance_sats?: number;
            /** @description The same in hundredths of a percent; the larger of the two applies. */
            tolerance_bp?: number;
            /** @description `hold`: keep late money for a decision. `accept`: count it as if it were in time. */
            late_payments?: components["schemas"]["LatePolicy"];
        };
        /**
         * LatePolicy
         * @description What to do with money that comes after the deadline.
         * @enum {unknown}
         */
        LatePolicy: "accept" | "hold";
        /**
         * StatsObject
         * @description A merchant's numbers: of a period in all, and of each of its days.
         *
         *         An intent counts on the day it was made, in the status it has now.
         */
        StatsObject: {
            /** @default merchant_stats */
            object?: string;
            livemode: boolean;
            from_date: string;
            to_date: string;
            total: components["schemas"]["Numbers"];
            days: components["schemas"]["DayNumbers"][];
        };
        /**
         * Numbers
         * @description The intents made in a period, as they stand now: how many in all and in each status, and their sats.
         *
         *         `amount_sats` is what they ask for, `received_sats` what they received, `confirmed_sats` what those received that
         *         are confirmed.
         */
        Numbers: {
            created: number;
            requires_payment: number;
            processing: number;
            confirmed: number;
            expired: number;
            failed: number;
            canceled: number;
            amount_sats: number;
            received_sats: number;
            confirmed_sats: number;
        };
        /**
         * DayNumbers
         * @description The numbers of one day, UTC.
         */
        DayNumbers: {
            created: number;
            requires_payment: number;
            processing: number;
            confirmed: number;
            expired: number;
            failed: number;
            canceled: number;
            amount_sats: number;
            received_sats: number;
            confirmed_sats: number;
            date: string;
        };
        /**
         * ApiKeyObject
         * @description An API key. `secret` is the key itself, given only when it is made.
         *
         *         `hint` is its beginning and its end. `last_used_at` is exact to about a minute. `expires_at` is when it ends by
         *         itself, because it was rolled.
         */
        ApiKeyObject: {
            id: string;
            /** @default api_key */
            object?: string;
            livemode: boolean;
            name: string;
            scopes: string[];
            hint: string;
            created_at: string;
            last_used_at: string | null;
            expires_at: string | null;
            revoked_at: string | null;
            secret?: string;
        };
        /**
         * CreateApiKey
         * @description Make an API key in the mode of the key that asks.
         */
        CreateApiKey: {
            /** @description What the key is for; 1 to 255 characters. */
            name: string;
            /**
             * @description What the key may do: `read`, `write`, `admin` (keys and settings). None implies another.
             * @default [
             *       "read",
             *       "write"
             *     ]
             */
            scopes?: components["schemas"]["Scope"][];
        };
        /**
         * Scope
         * @description What a key may do. `admin` covers keys and settings.
         * @enum {unknown}
         */
        Scope: "admin" | "read" | "write";
        /**
         * ApiKeyList
         * @description A page of the API keys that can be used, newest first.
         */
        ApiKeyList: {
            object: string;
            data: components["schemas"]["ApiKeyObject"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * RollApiKey
         * @description Replace an API key.
         */
        RollApiKey: {
            /**
             * @description Seconds for which the old key still works, 0 to 604800.
             * @default 86400
             */
            overlap_s?: number;
        };
        /**
         * AuditLogList
         * @description A page of the audit log, newest first.
         */
        AuditLogList: {
            object: string;
            data: components["schemas"]["AuditLogEntry"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * AuditLogEntry
         * @description One thing that was done. `actor` is `key ak_...` or `operator`; `detail` depends on the action.
         *
         *         `address` is where the request came from, `request_id` is that of its answer and of its log lines.
         */
        AuditLogEntry: {
            id: string;
            /** @default audit_log_entry */
            object?: string;
            livemode: boolean;
            actor: string;
            action: string;
            object_id: string | null;
            address: string | null;
            request_id: string | null;
            detail: Record<string, never>;
            created_at: string;
        };
        /**
         * EndpointObject
         * @description A webhook endpoint. `secret` is given only when the endpoint is made and when its secret is rotated.
         *
         *         `previous_secret_expires_at`: until then the secret before signs too. `failing_since`: nothing has succeeded since.
         */
        EndpointObject: {
            id: string;
            /** @default webhook_endpoint */
            object?: string;
            livemode: boolean;
            url: string;
            description: string | null;
            event_types: string[];
            enabled: boolean;
            disabled_reason: string | null;
            failing_since: string | null;
            previous_secret_expires_at: string | null;
            created_at: string;
            secret?: string;
        };
        /**
         * CreateWebhookEndpoint
         * @description Ask to be told about events. Without `event_types`: about all.
         */
        CreateWebhookEndpoint: {
            url: string;
            /** @default null */
            description?: string | null;
            /** @default [] */
            event_types?: components["schemas"]["EventType"][];
        };
        /**
         * EventType
         * @description Everything that can be announced; `meaning` says what it tells.
         * @enum {unknown}
         */
        EventType: "payment.unmatched" | "payment_intent.canceled" | "payment_intent.created" | "payment_intent.duplicate_payment" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.overpaid" | "payment_intent.paid_after_cancel" | "payment_intent.paid_late" | "payment_intent.partially_paid" | "payment_intent.processing" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.succeeded" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
        /**
         * EndpointList
         * @description A page of webhook endpoints, newest first.
         */
        EndpointList: {
            object: string;
            data: components["schemas"]["EndpointObject"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * UpdateWebhookEndpoint
         * @description Change a webhook endpoint. What is not given stays.
         */
        UpdateWebhookEndpoint: {
            url?: string;
            description?: string | null;
            /** @description Which events to tell; an empty list means all. */
            event_types?: components["schemas"]["EventType"][];
            /** @description `false` holds its deliveries back until it is enabled again. */
            enabled?: boolean;
        };
        /**
         * DeliveryObject
         * @description One event for one endpoint.
         *
         *         `status` is `pending` (due at `next_attempt_at`), `held` (until its endpoint can take it), `delivered` or `failed`.
         */
        DeliveryObject: {
            id: string;
            /** @default webhook_delivery */
            object?: string;
            livemode: boolean;
            endpoint: string;
            event: string;
            event_type: string;
            status: string;
            attempts: number;
            response_status: number | null;
            last_error: string | null;
            last_attempt_at: string | null;
            next_attempt_at: string | null;
            delivered_at: string | null;
            failed_at: string | null;
            created_at: string;
        };
        /**
         * RecoveryObject
         * @description A range of events that is being sent once more.
         *
         *         `replayed`: how many deliveries that has made so far; `finished_at`: when all of them were made.
         */
        RecoveryObject: {
            id: string;
            /** @default webhook_recovery */
            object?: string;
            livemode: boolean;
            endpoint: string;
            since: string;
            until: string;
            include_delivered: boolean;
            replayed: number;
            finished_at: string | null;
            created_at: string;
        };
        /**
         * RecoverWebhooks
         * @description Send the events of some time once more: those that the endpoint has not received, or all of them.
         */
        RecoverWebhooks: {
            /**
             * Format: date-time
             * @description From this moment on; at most 30 days before `until`.
             */
            since: string;
            /**
             * @description Up to this moment; now, if it is not given.
             * @default null
             */
            until?: string | null;
            /**
             * @description Also those that the endpoint has received already.
             * @default false
             */
            include_delivered?: boolean;
        };
        /**
         * Deleted
         * @description Says what was deleted.
         */
        Deleted: {
            id: string;
            object: string;
            deleted: boolean;
        };
        /**
         * DeliveryList
         * @description A page of webhook deliveries, newest first.
         */
        DeliveryList: {
            object: string;
            data: components["schemas"]["DeliveryObject"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * DeliveryWithAttempts
         * @description One event for one endpoint, what is sent, and each attempt.
         */
        DeliveryWithAttempts: {
            id: string;
            /** @default webhook_delivery */
            object?: string;
            livemode: boolean;
            endpoint: string;
            event: string;
            event_type: string;
            status: string;
            attempts: number;
            response_status: number | null;
            last_error: string | null;
            last_attempt_at: string | null;
            next_attempt_at: string | null;
            delivered_at: string | null;
            failed_at: string | null;
            created_at: string;
            request: components["schemas"]["RequestObject"];
            attempt_log: components["schemas"]["AttemptObject"][];
        };
        /**
         * RequestObject
         * @description What is sent: to where, and the body. Each attempt is signed anew; the signatures are not kept.
         */
        RequestObject: {
            /** @default POST */
            method?: string;
            url: string;
            headers: {
                [key: string]: string;
            };
            body: components["schemas"]["Envelope"];
        };
        /**
         * Envelope
         * @description The body of a webhook and the answer of `GET /v1/events`; fields in this order.
         *
         *         `event` repeats `type` for receivers written against the first sGate. `created` is in Unix seconds.
         */
        Envelope: {
            id: string;
            /** @default event */
            object?: string;
            type: string;
            event: string;
            created: number;
            /** @default 2026-11-01 */
            api_version?: string;
            livemode: boolean;
            sequence: number;
            data: components["schemas"]["EventData"];
        };
        /**
         * EventData
         * @description `object` is the thing the event is about, as it was then, as JSON bytes.
         */
        EventData: {
            object: unknown;
        };
        /**
         * AttemptObject
         * @description One attempt. The response's body is cut at 16 kB; bytes that are not UTF-8 are replaced.
         */
        AttemptObject: {
            attempt: number;
            url: string;
            started_at: string;
            duration_ms: number;
            response_status: number | null;
            response_headers: {
                [key: string]: string;
            } | null;
            response_body: string | null;
            error: string | null;
        };
        /**
         * EventList
         * @description A page of events, newest first.
         */
        EventList: {
            object: string;
            data: components["schemas"]["Envelope"][];
            has_more: boolean;
            limit: number;
        };
        /**
         * SimulatorObject
         * @description Where the simulated chain stands. `block_time`: of its newest block. `mempool`: what waits for a block.
         *
         *         `steerable`: whether this server lets you mine and fork.
         */
        SimulatorObject: {
            /** @default simulator */
            object?: string;
            height: number;
            block_time: string;
            server_time: string;
            tenure_height: number;
            bitcoin_height: number;
            mempool: number;
            steerable: boolean;
        };
        /**
         * SimulatedPaymentObject
         * @description A payment that waits for a block of the simulated chain.
         */
        SimulatedPaymentObject: {
            /** @default simulated_payment */
            object?: string;
            tx_id: string;
        };
        /**
         * SimulatedPayment
         * @description Pay on the simulated chain. It is in the next block.
         */
        SimulatedPayment: {
            /** @description Where to: a Stacks address. */
            recipient: string;
            /** @description How much, in sats. */
            amount_sats: number;
            /**
             * @description The memo: the id of a payment intent, other text of up to 34 bytes, or null.
             * @default null
             */
            memo?: string | null;
        };
        /**
         * ShortIntent
         * @description Make a payment intent whose time is up soon, to see what happens then.
         */
        ShortIntent: {
            /** @description What is due, in sats. */
            amount_sats: number;
            /** @description Seconds until the deadline. */
            expires_in_s: number;
            /**
             * @description Seconds after it in which money still counts as in time.
             * @default 0
             */
            grace_s?: number;
        };
        /**
         * MineBlocks
         * @description Mine blocks now. Those that come by themselves go on coming.
         */
        MineBlocks: {
            /**
             * @description How many.
             * @default 1
             */
            blocks?: number;
        };
        /**
         * Reorganise
         * @description Let another branch replace the newest blocks.
         */
        Reorganise: {
            /**
             * @description How many blocks are replaced.
             * @default 1
             */
            depth?: number;
            /**
             * @description Instead of a depth: replace the block at this height and all above it.
             * @default null
             */
            from_height?: number | null;
            /**
             * @description What becomes of their transactions. `same`: mined again; `none`: they wait for a block; `drop`: they are gone for good.
             * @default none
             * @enum {unknown}
             */
            remine?: "drop" | "none" | "same";
        };
        /**
         * PublicIntent
         * @description A payment intent as a payer sees it.
         *
         *         `required` is what the payment needs to be final, from the confirmation policy. `accepts_payment` says whether to
         *         pay at all. `description`, `success_url` and `cancel_url` are null without the client secret.
         */
        PublicIntent: {
            id: string;
            /** @default payment_intent */
            object?: string;
            livemode: boolean;
            network: string;
            asset: string;
            status: components["schemas"]["Status"];
            exceptions: string[];
            accepts_payment: boolean;
            amount_sats: number;
            amount_received_sats: number;
            amount_due_sats: number;
            /** @default sbtc */
            currency?: string;
            pay_address: string;
            memo: string;
            memo_hex: string;
            confirmations: number;
            finality: components["schemas"]["Finality"] | null;
            required: components["schemas"]["Tier"];
            quote: components["schemas"]["QuoteObject"] | null;
            expires_at: string;
            server_time: string;
            merchant: components["schemas"]["MerchantCard"];
            tx_ids: string[];
            sequence: number;
            description: string | null;
            success_url: string | null;
            cancel_url: string | null;
        };
        /**
         * Status
         * @description Where an intent stands.
         * @enum {unknown}
         */
        Status: "canceled" | "confirmed" | "expired" | "failed" | "processing" | "requires_payment";
        /**
         * MerchantCard
         * @description Who is paid.
         */
        MerchantCard: {
            name: string;
            support_url: string | null;
        };
        /**
         * HintObject
         * @description A hint that was taken. What becomes of it shows in the payment intent: `finality` is `seen` once it is found.
         */
        HintObject: {
            /** @default hint */
            object?: string;
            payment_intent: string;
            tx_id: string;
        };
        /**
         * GiveHint
         * @description Tell which transaction the wallet sent. It is looked up, never believed.
         */
        GiveHint: {
            /** @description A transaction id: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description The payment intent's, as the checkout link carries it. */
            client_secret: string;
        };
        /**
         * Receipt
         * @description What a customer may keep. `final` says whether the payment is final by the merchant's policy.
         *
         *         `description` is null without the client secret. `quote` is what the amount was worth when it was asked for.
         */
        Receipt: {
            id: string;
            /** @default receipt */
            object?: string;
            livemode: boolean;
            network: string;
            status: components["schemas"]["Status"];
            final: boolean;
            merchant: string;
            description: string | null;
            amount_sats: number;
            amount_received_sats: number;
            /** @default sbtc */
            currency?: string;
            quote: components["schemas"]["QuoteObject"] | null;
            pay_address: string;
            memo: string;
            confirmations: number;
            finality: components["schemas"]["Finality"] | null;
            created_at: string;
            confirmed_at: string | null;
            payments: components["schemas"]["ReceiptPayment"][];
        };
        /**
         * ReceiptPayment
         * @description One transfer that is on the chain now.
         */
        ReceiptPayment: {
            tx_id: string;
            amount_sats: number;
            sender: string;
            block_height: number;
            block_hash: string;
            block_time: string;
            confirmations: number;
            finality: components["schemas"]["Finality"] | null;
        };
        /**
         * HealthReport
         * @description The state of the system as this process sees it. `uptime` in seconds, `memory` in bytes.
         */
        HealthReport: {
            status: components["schemas"]["Health"];
            timestamp: string;
            services: {
                [key: string]: components["schemas"]["Health"];
            };
            chains: {
                [key: string]: components["schemas"]["ChainHealth"];
            };
            uptime: number;
            memory: {
                [key: string]: number;
            };
            /** @default 0.1.0 */
            version?: string;
        };
        /**
         * Health
         * @description How well a part works.
         * @enum {unknown}
         */
        Health: "degraded" | "healthy" | "unhealthy";
        /**
         * ChainHealth
         * @description How one mode follows its chain.
         */
        ChainHealth: {
            status: components["schemas"]["Health"];
            network: string;
            scanned_height: number;
            checked_at: string | null;
            trouble: string | null;
        };
        /**
         * Alive
         * @description Whether to send requests here.
         */
        Alive: {
            status: components["schemas"]["Health"];
        };
        /**
         * ErrorEnvelope
         * @description The answer to every request that fails.
         */
        ErrorEnvelope: {
            error: components["schemas"]["ErrorBody"];
            request_id: string;
            timestamp: string;
            path: string;
            status: number;
            /** @default null */
            retry_after?: number | null;
        };
        /**
         * ErrorBody
         * @description What went wrong. `param` names the field, `doc_url` the page that explains the code.
         */
        ErrorBody: {
            type: string;
            code: string;
            message: string;
            param: string | null;
            doc_url: string;
            details: {
                [key: string]: unknown;
            };
        };
        /**
         * IntentObject
         * @description A payment intent as merchants see it.
         *
         *         `amount_received_sats` is the sum of all its payments on the chain; `amount_due_sats` what is still missing.
         *         `confirmations` and `finality` are those of its least settled payment.
         */
        IntentObject: {
            id: string;
            /** @default payment_intent */
            object?: string;
            livemode: boolean;
            status: string;
            exceptions: string[];
            amount_sats: number;
            amount_received_sats: number;
            amount_due_sats: number;
            /** @default sbtc */
            currency?: string;
            pay_address: string;
            memo: string;
            memo_hex: string;
            confirmations: number;
            finality: components["schemas"]["Finality"] | null;
            confirmation_policy: components["schemas"]["Tier"][];
            quote: components["schemas"]["QuoteObject"] | null;
            description: string | null;
            metadata: {
                [key: string]: string;
            };
            success_url: string | null;
            cancel_url: string | null;
            client_secret: string;
            checkout_url: string;
            expires_at: string;
            created_at: string;
            confirmed_at: string | null;
            canceled_at: string | null;
            sequence: number;
        };
        /**
         * Problem
         * @description A failure as RFC 9457 problem details.
         */
        Problem: {
            /**
             * Format: uri-reference
             * @description The page that explains the code.
             */
            type: string;
            title: string;
            status: number;
            detail: string;
            /** @description The path of the request. */
            instance: string;
            code: string;
            request_id: string;
            param?: string;
            details?: Record<string, never>;
            retry_after?: number;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listPaymentIntents: {
        parameters: {
            query?: {
                /** @description Only those with this status. */
                status?: "requires_payment" | "processing" | "confirmed" | "expired" | "failed" | "canceled";
                /** @description Made at this moment or later; a date is its beginning, UTC. */
                from_date?: string;
                /** @description Made at this moment or before; a date is its end, UTC. */
                to_date?: string;
                /** @description Only those with these pairs in their metadata: `metadata[order]=17`. */
                metadata?: {
                    [key: string]: string;
                };
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description Id of the first object of the page after. */
                ending_before?: string;
                /** @description A page by its number, up to 10,000 objects; not together with a cursor. */
                page?: number;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentList"];
                };
            };
        };
    };
    createPaymentIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CreatePaymentIntent"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    retrievePaymentIntent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    updatePaymentIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdatePaymentIntent"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    cancelPaymentIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    acceptPaymentIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    listPayments: {
        parameters: {
            query?: {
                /** @description Only deposits that pay for no payment intent. */
                unmatched?: boolean;
                /** @description Only payments of this payment intent. */
                payment_intent?: string;
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description Id of the first object of the page after. */
                ending_before?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PaymentList"];
                };
            };
        };
    };
    retrievePayment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DepositObject"];
                };
            };
        };
    };
    assignPayment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssignPayment"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DepositObject"];
                };
            };
        };
    };
    markPaymentRefunded: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["MarkRefunded"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DepositObject"];
                };
            };
        };
    };
    retrieveMerchant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MerchantObject"];
                };
            };
        };
    };
    updateMerchant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateMerchant"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MerchantObject"];
                };
            };
        };
    };
    retrieveMerchantStats: {
        parameters: {
            query?: {
                /** @description The first day, UTC. Default: 29 days before the last. */
                from_date?: string;
                /** @description The last day, UTC, at most 366 days in all. Default: today. */
                to_date?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StatsObject"];
                };
            };
        };
    };
    setLogo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "image/png": string;
                "image/jpeg": string;
                "image/webp": string;
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MerchantObject"];
                };
            };
        };
    };
    deleteLogo: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MerchantObject"];
                };
            };
        };
    };
    listApiKeys: {
        parameters: {
            query?: {
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description Id of the first object of the page after. */
                ending_before?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyList"];
                };
            };
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateApiKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyObject"];
                };
            };
        };
    };
    retrieveApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyObject"];
                };
            };
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyObject"];
                };
            };
        };
    };
    rollApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["RollApiKey"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKeyObject"];
                };
            };
        };
    };
    listAuditLog: {
        parameters: {
            query?: {
                /** @description Only lines of this action, such as `api_key.revoked`. */
                action?: string;
                /** @description Only lines about this object. */
                object_id?: string;
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditLogList"];
                };
            };
        };
    };
    listWebhookEndpoints: {
        parameters: {
            query?: {
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description Id of the first object of the page after. */
                ending_before?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointList"];
                };
            };
        };
    };
    createWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateWebhookEndpoint"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointObject"];
                };
            };
        };
    };
    retrieveWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointObject"];
                };
            };
        };
    };
    updateWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["UpdateWebhookEndpoint"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointObject"];
                };
            };
        };
    };
    deleteWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deleted"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointObject"];
                };
            };
        };
    };
    enableWebhookEndpoint: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EndpointObject"];
                };
            };
        };
    };
    sendTestWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryObject"];
                };
            };
        };
    };
    recoverWebhooks: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecoverWebhooks"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryObject"];
                };
            };
        };
    };
    retrieveWebhookRecovery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                recovery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryObject"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description Only deliveries to this endpoint. */
                endpoint?: string;
                /** @description Only deliveries of this event. */
                event?: string;
                /** @description Only those in this state. */
                status?: "pending" | "held" | "delivered" | "failed";
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryList"];
                };
            };
        };
    };
    retrieveWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryWithAttempts"];
                };
            };
        };
    };
    redeliverWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path: {
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeliveryObject"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description Only events of this type. */
                type?: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
                /** @description Only events about the object with this id. */
                object?: string;
                /** @description The same, for a payment intent. */
                payment_intent?: string;
                /** @description Made at this moment or later; a date is its beginning, UTC. */
                from_date?: string;
                /** @description Made at this moment or before; a date is its end, UTC. */
                to_date?: string;
                /** @description `true`: the answer is a stream of server-sent events and does not end. */
                stream?: "true" | "false";
                /** @description Stream from after this event on; as the header `Last-Event-ID`. */
                last_event_id?: string;
                /** @description Id of the last object of the page before. */
                starting_after?: string;
                /** @description Id of the first object of the page after. */
                ending_before?: string;
                /** @description How many to return. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventList"];
                    "text/event-stream": string;
                };
            };
        };
    };
    retrieveEvent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Envelope"];
                };
            };
        };
    };
    retrieveSimulator: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulatorObject"];
                };
            };
        };
    };
    simulatePayment: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SimulatedPayment"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulatedPaymentObject"];
                };
            };
        };
    };
    createShortPaymentIntent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Up to 255 printable ASCII characters. The same request with the same key has its effect once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ShortIntent"];
            };
        };
        responses: {
            /** @description Done. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["IntentWithPayments"];
                };
            };
        };
    };
    mineBlocks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["MineBlocks"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulatorObject"];
                };
            };
        };
    };
    reorganise: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["Reorganise"];
            };
        };
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SimulatorObject"];
                };
            };
        };
    };
    retrievePublicPaymentIntent: {
        parameters: {
            query?: {
                /** @description Opens description and return links. */
                client_secret?: string;
            };
            header?: never;
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PublicIntent"];
                };
            };
        };
    };
    giveHint: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GiveHint"];
            };
        };
        responses: {
            /** @description Done. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HintObject"];
                };
            };
        };
    };
    streamPublicPaymentIntent: {
        parameters: {
            query?: {
                /** @description Opens description and return links. */
                client_secret?: string;
            };
            header?: never;
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of events. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["PublicIntent"];
                };
            };
        };
    };
    retrieveReceipt: {
        parameters: {
            query?: {
                /** @description Opens the description. */
                client_secret?: string;
            };
            header?: never;
            path: {
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthReport"];
                };
            };
        };
    };
    healthLive: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alive"];
                };
            };
        };
    };
    healthReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Alive"];
                };
            };
        };
    };
}
