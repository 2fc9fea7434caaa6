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
         * @description Returns payment intents, newest first. Requires a key with the scope `read`.
         */
        get: operations["listPaymentIntents"];
        put?: never;
        /**
         * Create a payment intent
         * @description Creates a payment intent. Its terms, such as the amount, the pay address and the deadline, cannot be changed later; its description and metadata can. Requires a key with the scope `write`.
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
         * @description Retrieves a payment intent with its payments. Requires a key with the scope `read`.
         */
        get: operations["retrievePaymentIntent"];
        put?: never;
        /**
         * Update a payment intent
         * @description Updates the description or the metadata of a payment intent, whatever its status. Omitted fields stay unchanged. Requires a key with the scope `write`.
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
         * @description Cancels a payment intent that is awaiting payment. If a payment for it is on the chain, but the intent is not confirmed yet, `force` cancels it anyway. Payments of a canceled payment intent are held until you accept them or send them back. Requires a key with the scope `write`.
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
         * Accept held payments
         * @description Counts the payments that are held because they arrived late or after the payment intent was canceled. Requires a key with the scope `write`.
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
         * @description Returns payments and unmatched deposits, newest first. Requires a key with the scope `read`.
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
         * @description Retrieves a payment or an unmatched deposit. Requires a key with the scope `read`.
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
         * Assign a deposit to a payment intent
         * @description Assigns an unmatched deposit to a payment intent with the same pay address. Requires a key with the scope `write`.
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
         * Mark a payment as refunded
         * @description Records that you sent a payment back, and in which transaction. The payment will never count toward a payment intent. Requires a key with the scope `write`.
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
         * @description Retrieves the merchant that the API key belongs to, with the settings of the key's mode. Requires a key with the scope `read`.
         */
        get: operations["retrieveMerchant"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Update the merchant
         * @description Updates the merchant's profile and the settings of the key's mode. Omitted fields stay unchanged. Requires a key with the scope `admin`.
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
         * Retrieve daily statistics
         * @description Returns the merchant's statistics day by day, in UTC. Requires a key with the scope `read`.
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
         * @description Sets the logo shown on the merchant's pages. The request body is the image: PNG, JPEG or WebP, at most 64 KiB and 2048 x 2048 pixels, not animated. It is scaled down to at most 256 x 256 pixels and stored without metadata. Requires a key with the scope `admin`.
         */
        put: operations["setLogo"];
        post?: never;
        /**
         * Remove the logo
         * @description Removes the logo from the merchant's pages. Requires a key with the scope `admin`.
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
         * @description Returns the valid API keys of this mode, newest first. Requires a key with the scope `admin`.
         */
        get: operations["listApiKeys"];
        put?: never;
        /**
         * Create an API key
         * @description Creates an API key in the mode of the key that makes the call. The response contains the key itself, which cannot be retrieved later. Requires a key with the scope `admin`.
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
         * @description Retrieves an API key by its id, even if it has been revoked or has expired. Requires a key with the scope `admin`.
         */
        get: operations["retrieveApiKey"];
        put?: never;
        post?: never;
        /**
         * Revoke an API key
         * @description Revokes an API key. It stops working within a second. A key can revoke itself. Requires a key with the scope `admin`.
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
         * Roll an API key
         * @description Creates a successor with the same name and scopes. The old key continues to work for `overlap_s` seconds, 24 hours by default. The response contains the new key itself, which cannot be retrieved later. Requires a key with the scope `admin`.
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
         * List audit log entries
         * @description Returns the recorded actions, such as changes of API keys, settings and webhook endpoints, and who performed them, newest first. Requires a key with the scope `admin`.
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
         * @description Returns the webhook endpoints of this mode, newest first. Requires a key with the scope `read`.
         */
        get: operations["listWebhookEndpoints"];
        put?: never;
        /**
         * Create a webhook endpoint
         * @description Creates a webhook endpoint. The response contains its signing secret, which cannot be retrieved later. Requires a key with the scope `admin`.
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
         * @description Retrieves a webhook endpoint. Requires a key with the scope `read`.
         */
        get: operations["retrieveWebhookEndpoint"];
        put?: never;
        /**
         * Update a webhook endpoint
         * @description Updates a webhook endpoint. Omitted fields stay unchanged. Pending deliveries are sent to the new URL; changed event types apply only to new events. Requires a key with the scope `admin`.
         */
        post: operations["updateWebhookEndpoint"];
        /**
         * Delete a webhook endpoint
         * @description Deletes a webhook endpoint. Its pending deliveries are not sent. Requires a key with the scope `admin`.
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
         * Rotate the signing secret
         * @description Replaces the signing secret. For 24 hours, webhooks are signed with the previous secret as well. The response contains the new secret, which cannot be retrieved later. Requires a key with the scope `admin`.
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
         * Enable a webhook endpoint
         * @description Enables a webhook endpoint and sends the deliveries that were held for it, oldest first. Requires a key with the scope `admin`.
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
         * @description Sends a test event to a webhook endpoint. The response is its delivery. Requires a key with the scope `admin`.
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
         * Recover events
         * @description Sends the events of a period to a webhook endpoint again: those that it has not received, or all of them with `include_delivered`. Retrieve the recovery to follow its progress. Requires a key with the scope `admin`.
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
         * Retrieve a webhook recovery
         * @description Retrieves a webhook recovery and its progress. Requires a key with the scope `read`.
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
         * @description Returns webhook deliveries, newest first. Requires a key with the scope `read`.
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
         * @description Retrieves a webhook delivery with its payload and all of its attempts. Requires a key with the scope `read`.
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
         * Redeliver a webhook
         * @description Sends a webhook again immediately. If that fails, it is retried on the usual schedule. Requires a key with the scope `write`.
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
         * List or stream events
         * @description Returns events, newest first. With `stream=true`, the response is a stream of server-sent events that sends each new event as it occurs. A client that reconnects with `Last-Event-ID` misses none. Requires a key with the scope `read`.
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
         * @description Retrieves an event, with the content that webhook endpoints receive. Requires a key with the scope `read`.
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
         * Retrieve the simulated chain
         * @description Retrieves the current state of the simulated chain. Requires a key with the scope `read`.
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
         * Simulate a payment
         * @description Sends a payment on the simulated chain. It is included in the next block. Requires a key with the scope `write`.
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
         * @description Creates a payment intent whose deadline is only seconds away, to test what happens when it passes. Requires a key with the scope `write`.
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
         * Mine blocks
         * @description Mines blocks of the simulated chain immediately. Not available in production, where all merchants share the chain. Requires a key with the scope `write`.
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
         * Simulate a reorganization
         * @description Replaces the newest blocks of the simulated chain with another branch. Not available in production, where all merchants share the chain. Requires a key with the scope `write`.
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
        /**
         * Retrieve a payment intent as its customer
         * @description Retrieves the part of a payment intent that its customer may see. Requires no API key and can be called from any origin.
         */
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
        /**
         * Report the customer's transaction
         * @description Reports which transaction the customer's wallet has sent, so that it is noticed before it is in a block. The transaction is verified on the chain; the report itself is not trusted.
         */
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
        /**
         * Stream a payment intent to its customer
         * @description Streams the part of a payment intent that its customer may see as server-sent events: the current state first, then each change.
         */
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
        /**
         * Retrieve the receipt
         * @description Retrieves the receipt of a payment intent. It becomes available once a payment is in a block.
         */
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
        /**
         * Retrieve the health report
         * @description Reports the state of each component. The status code is 503 if the database is unavailable or refuses writes, for example because its disk is full, and 200 otherwise.
         */
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
        /**
         * Check liveness
         * @description Returns 200 while the process is running.
         */
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
        /**
         * Check readiness
         * @description Returns 200 if the process can serve requests, and 503 if the database does not respond or the process is shutting down.
         */
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
         * CreatedIntent
         * @description A payment intent that was just created.
         */
        CreatedIntent: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment_intent";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. `paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain reorganization once undid a payment or its finality. */
            exceptions: components["schemas"]["Anomaly"][];
            /** @description Why the status is `failed`; null for any other status. `underpaid`: part of the amount arrived in time. `payment_undone`: a chain reorganization undid its payment, which did not return. */
            failure_reason: components["schemas"]["FailureReason"] | null;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /** @description Amount that the customer still has to pay, in sats; 0 once enough has been paid. */
            amount_due_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description The memo as hexadecimal bytes. */
            memo_hex: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the least settled payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /** @description When a payment counts as final: tiers by amount. */
            confirmation_policy: components["schemas"]["Tier"][];
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /** @description Description of what is paid for, shown to the customer. */
            description: string | null;
            /** @description Key-value pairs that the merchant attached. Customers never see them. */
            metadata: {
                [key: string]: string;
            };
            /**
             * Format: uri
             * @description URL that the customer can go to after paying.
             */
            success_url: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to instead of paying.
             */
            cancel_url: string | null;
            /** @description Secret that gives the checkout page access to the description and the return URLs. */
            client_secret: string;
            /**
             * Format: uri
             * @description URL of the checkout page, where the customer pays.
             */
            checkout_url: string;
            /**
             * Format: date-time
             * @description Deadline for the payment, ISO 8601 in UTC.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.
             */
            confirmed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the merchant canceled it, ISO 8601 in UTC; null if it was not canceled.
             */
            canceled_at: string | null;
            /** @description Number of events about the object so far. It only increases, so the higher of two is the newer. */
            sequence: number;
            /** @description The payments of the payment intent, in chain order. */
            payments: components["schemas"]["PaymentObject"][];
            /** @description Problems that need your attention; usually empty. */
            warnings: components["schemas"]["CreationWarning"][];
        };
        /**
         * Status
         * @description The status of a payment intent.
         * @enum {string}
         */
        Status: "canceled" | "confirmed" | "expired" | "failed" | "processing" | "requires_payment";
        /**
         * Anomaly
         * @description An irregularity of a payment intent, in addition to its status.
         * @enum {string}
         */
        Anomaly: "canceled_with_payment" | "duplicate_payment" | "overpaid" | "paid_after_cancel" | "paid_late" | "partially_paid" | "reorged";
        /**
         * FailureReason
         * @description Why a payment intent has failed.
         * @enum {string}
         */
        FailureReason: "payment_undone" | "underpaid";
        /**
         * Finality
         * @description How settled a payment is, as shown to customers and merchants.
         * @enum {string}
         */
        Finality: "anchored" | "bitcoin_final" | "included" | "seen";
        /**
         * Tier
         * @description The conditions for amounts of at least `from_sats`. All numbers that are set must be reached.
         */
        Tier: {
            /** @description Smallest amount of this tier, in sats. */
            from_sats: number;
            /** @description Number of Stacks blocks, including the payment's own (1 = included). */
            stacks_blocks?: number | null;
            /** @description Number of tenures that began after the payment's. */
            tenure_changes?: number | null;
            /** @description Number of Bitcoin blocks, including the one that the payment's tenure is anchored to (1 = immediately). */
            bitcoin_blocks?: number | null;
        };
        /**
         * QuoteObject
         * @description The value of an amount in US dollars when the payment intent was created.
         */
        QuoteObject: {
            /** @description Value of the amount, in US dollars: a decimal string. */
            amount_usd: string;
            /** @description Exchange rate, in US dollars per bitcoin: a decimal string. */
            rate_usd_per_btc: string;
            /** @description Source of the exchange rate. */
            source: string;
            /**
             * Format: date-time
             * @description Time of the exchange rate, ISO 8601 in UTC.
             */
            quoted_at: string;
        };
        /**
         * PaymentObject
         * @description A transfer of sBTC to a pay address.
         */
        PaymentObject: {
            /** @description Id of the payment. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment";
            /** @description Id of the Stacks transaction: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description Index of the transfer among the transaction's events: one transaction may pay several times. */
            event_index: number;
            /** @description Amount of the transfer, in sats. */
            amount_sats: number;
            /** @description Stacks address or contract that paid. */
            sender: string;
            /** @description Stacks address or contract that received the payment. */
            recipient: string;
            /** @description Memo of the transfer as hexadecimal bytes; null if it has none. */
            memo_hex: string | null;
            /** @description `included` while its block is on the chain. `orphaned` if a reorganization removed the block; it may be included again. */
            status: components["schemas"]["Inclusion"];
            /** @description Number of Stacks blocks from the one with the payment to the tip of the chain; 0 while it is orphaned. */
            confirmations: number;
            /** @description Number of tenures that began after the one with the payment. */
            tenure_changes: number;
            /** @description Number of Bitcoin blocks from the one that the payment's tenure is anchored to, which counts. */
            bitcoin_blocks: number;
            /** @description How settled the payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null while it is orphaned. */
            finality: components["schemas"]["Finality"] | null;
            /** @description Height of the Stacks block that includes the payment. */
            block_height: number;
            /** @description Hash of the Stacks block that includes the payment. */
            block_hash: string;
            /**
             * Format: date-time
             * @description Time of that block, ISO 8601 in UTC.
             */
            block_time: string;
        };
        /**
         * Inclusion
         * @description Where a payment stands on the chain.
         * @enum {string}
         */
        Inclusion: "included" | "orphaned";
        /**
         * CreationWarning
         * @description A warning about a payment intent that was created anyway.
         */
        CreationWarning: {
            /**
             * @description `gateway_address`: you have set no pay address, so the operator of the server receives the payment.
             * @enum {string}
             */
            code: "gateway_address";
            /** @description Human-readable: what the problem is and what to do. */
            message: string;
        };
        /**
         * CreatePaymentIntent
         * @description A payment intent to create. Give exactly one of `amount_sats` and `amount_usd`.
         */
        CreatePaymentIntent: {
            /**
             * @description Amount due, in sats: an integer, or a string of digits, from 1 to 2100000000000000.
             * @default null
             */
            amount_sats?: number | string;
            /**
             * @description Amount due, in US dollars: a decimal string. It is converted at the current exchange rate.
             * @default null
             */
            amount_usd?: string | null;
            /**
             * @description Currency of the payment. Only `sbtc` is supported.
             * @default sbtc
             * @enum {string}
             */
            currency?: "sbtc";
            /**
             * @description Description of what is paid for, shown to the customer; at most 500 characters.
             * @default null
             */
            description?: string | null;
            /**
             * @description Key-value pairs to attach, never shown to customers: up to 20 keys of up to 40 characters, with values of up to 500 bytes.
             * @default null
             */
            metadata?: {
                [key: string]: string;
            } | null;
            /**
             * Format: uri-template
             * @description URL that the customer can go to after paying. `{id}` is replaced with the id of the payment intent.
             * @default null
             */
            success_url?: string | null;
            /**
             * Format: uri-template
             * @description URL that the customer can go to instead of paying. `{id}` is replaced with the id of the payment intent.
             * @default null
             */
            cancel_url?: string | null;
            /**
             * @description Seconds until the deadline, from 60 to 86400.
             * @default 900
             */
            expires_in?: number;
            /**
             * @description When a payment counts as final: tiers by amount, at least as strict as the merchant's own policy.
             * @default null
             */
            confirmation_policy?: components["schemas"]["Tier"][] | null;
        };
        /**
         * IntentList
         * @description A page of payment intents, newest first. Totals are present only if the request has a page number.
         */
        IntentList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The payment intents of this page. */
            data: components["schemas"]["IntentWithPayments"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
            /** @description Number of payment intents that match, counted up to 10,000. */
            total?: number;
            /** @description `false` if there are more than 10,000, which are not counted. */
            total_is_exact?: boolean;
            /** @description Number of this page; 1 is the first. */
            page?: number;
            /** @description Number of pages that can be reached. */
            pages?: number;
        };
        /**
         * IntentWithPayments
         * @description A payment intent with its payments.
         */
        IntentWithPayments: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment_intent";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. `paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain reorganization once undid a payment or its finality. */
            exceptions: components["schemas"]["Anomaly"][];
            /** @description Why the status is `failed`; null for any other status. `underpaid`: part of the amount arrived in time. `payment_undone`: a chain reorganization undid its payment, which did not return. */
            failure_reason: components["schemas"]["FailureReason"] | null;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /** @description Amount that the customer still has to pay, in sats; 0 once enough has been paid. */
            amount_due_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description The memo as hexadecimal bytes. */
            memo_hex: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the least settled payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /** @description When a payment counts as final: tiers by amount. */
            confirmation_policy: components["schemas"]["Tier"][];
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /** @description Description of what is paid for, shown to the customer. */
            description: string | null;
            /** @description Key-value pairs that the merchant attached. Customers never see them. */
            metadata: {
                [key: string]: string;
            };
            /**
             * Format: uri
             * @description URL that the customer can go to after paying.
             */
            success_url: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to instead of paying.
             */
            cancel_url: string | null;
            /** @description Secret that gives the checkout page access to the description and the return URLs. */
            client_secret: string;
            /**
             * Format: uri
             * @description URL of the checkout page, where the customer pays.
             */
            checkout_url: string;
            /**
             * Format: date-time
             * @description Deadline for the payment, ISO 8601 in UTC.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.
             */
            confirmed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the merchant canceled it, ISO 8601 in UTC; null if it was not canceled.
             */
            canceled_at: string | null;
            /** @description Number of events about the object so far. It only increases, so the higher of two is the newer. */
            sequence: number;
            /** @description The payments of the payment intent, in chain order. */
            payments: components["schemas"]["PaymentObject"][];
        };
        /**
         * UpdatePaymentIntent
         * @description The changes to a payment intent. Omitted fields stay unchanged.
         */
        UpdatePaymentIntent: {
            /** @description Description of what is paid for, shown to the customer; at most 500 characters. */
            description?: string | null;
            /** @description Keys to set. A null value removes its key; null instead of the object removes all. */
            metadata?: {
                [key: string]: string | null;
            } | null;
        };
        /**
         * CancelPaymentIntent
         * @description How to cancel a payment intent. The body may be omitted.
         */
        CancelPaymentIntent: {
            /**
             * @description Whether to cancel the payment intent even if a payment for it is on the chain, as long as the intent is not confirmed. The payment is then held until you accept it or send it back.
             * @default false
             */
            force?: boolean;
            /**
             * @description The reason for canceling, for your records; 1 to 500 characters.
             * @default null
             */
            reason?: string | null;
        };
        /**
         * PaymentList
         * @description A page of payments, newest first.
         */
        PaymentList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The payments of this page. */
            data: components["schemas"]["DepositObject"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * DepositObject
         * @description A payment with its payment intent and its history; the object of `payment.*` events.
         */
        DepositObject: {
            /** @description Id of the payment. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment";
            /** @description Id of the Stacks transaction: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description Index of the transfer among the transaction's events: one transaction may pay several times. */
            event_index: number;
            /** @description Amount of the transfer, in sats. */
            amount_sats: number;
            /** @description Stacks address or contract that paid. */
            sender: string;
            /** @description Stacks address or contract that received the payment. */
            recipient: string;
            /** @description Memo of the transfer as hexadecimal bytes; null if it has none. */
            memo_hex: string | null;
            /** @description `included` while its block is on the chain. `orphaned` if a reorganization removed the block; it may be included again. */
            status: components["schemas"]["Inclusion"];
            /** @description Number of Stacks blocks from the one with the payment to the tip of the chain; 0 while it is orphaned. */
            confirmations: number;
            /** @description Number of tenures that began after the one with the payment. */
            tenure_changes: number;
            /** @description Number of Bitcoin blocks from the one that the payment's tenure is anchored to, which counts. */
            bitcoin_blocks: number;
            /** @description How settled the payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null while it is orphaned. */
            finality: components["schemas"]["Finality"] | null;
            /** @description Height of the Stacks block that includes the payment. */
            block_height: number;
            /** @description Hash of the Stacks block that includes the payment. */
            block_hash: string;
            /**
             * Format: date-time
             * @description Time of that block, ISO 8601 in UTC.
             */
            block_time: string;
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Id of the payment intent; null for an unmatched deposit. */
            payment_intent: string | null;
            /** @description Id of a payment intent that the memo names but that this server does not know; null otherwise. */
            recovered_intent_id: string | null;
            /**
             * Format: date-time
             * @description Time at which the deposit was assigned to its payment intent by hand, ISO 8601 in UTC; null if it was not.
             */
            assigned_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the payment was marked as refunded, ISO 8601 in UTC; null if it was not.
             */
            refunded_at: string | null;
            /** @description Id of the transaction that refunded it; null if none is known. */
            refund_tx_id: string | null;
            /**
             * Format: date-time
             * @description Time at which sGate first recorded the payment, ISO 8601 in UTC.
             */
            created_at: string;
        };
        /**
         * AssignPayment
         * @description The payment intent that an unmatched deposit is for.
         */
        AssignPayment: {
            /** @description Id of a payment intent with the same pay address. */
            payment_intent: string;
        };
        /**
         * MarkRefunded
         * @description The transaction that refunded a payment.
         */
        MarkRefunded: {
            /** @description Id of the transaction that refunded the payment. */
            tx_id: string;
        };
        /**
         * MerchantObject
         * @description The merchant that a key belongs to, with the settings of the key's mode.
         *
         *     Name, links, logo, color and frame origins are shared by both modes.
         */
        MerchantObject: {
            /**
             * Format: uuid
             * @description Id of the merchant: a UUID.
             */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "merchant";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Name shown to customers. */
            name: string;
            /**
             * Format: uri
             * @description URL of the page where customers get help.
             */
            support_url: string | null;
            /**
             * Format: uri
             * @description URL of the logo shown to customers.
             */
            logo_url: string | null;
            /** @description Color of buttons and links on the merchant's pages; null for the default. */
            accent_color: string | null;
            /** @description Origins that may embed the checkout page in a frame. */
            frame_origins: string[];
            /** @description Network that payments are made on. */
            network: components["schemas"]["Network"];
            /** @description The merchant's own Stacks address or contract for payments; null to use the deployment's. */
            pay_address: string | null;
            /** @description Address that receives payments: the merchant's own, or else the deployment's. Null if there is neither. */
            effective_pay_address: string | null;
            /** @description The merchant's own confirmation policy; null to use the deployment's. */
            confirmation_policy: components["schemas"]["Tier"][] | null;
            /** @description Confirmation policy that applies: the merchant's own, or else the deployment's. */
            effective_confirmation_policy: components["schemas"]["Tier"][];
            /** @description How much a payment may fall short and still count as paid, in sats. */
            tolerance_sats: number;
            /** @description The tolerance in basis points (1/100 percent) of the amount. The larger of both tolerances applies. */
            tolerance_bp: number;
            /** @description What happens to a payment that arrives after the deadline. `hold`: it waits for the merchant's decision. `accept`: it counts as if it had arrived in time. */
            late_payments: components["schemas"]["LatePolicy"];
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
        };
        /**
         * Network
         * @description The chain that an address or a payment belongs to.
         * @enum {string}
         */
        Network: "mainnet" | "simulated" | "testnet";
        /**
         * LatePolicy
         * @description How to treat a payment that arrives after the deadline.
         * @enum {string}
         */
        LatePolicy: "accept" | "hold";
        /**
         * UpdateMerchant
         * @description The changes to the merchant's profile and the mode's settings. Omitted fields stay unchanged.
         */
        UpdateMerchant: {
            /** @description Name shown to customers. */
            name?: string;
            /**
             * Format: uri
             * @description URL of the page where customers get help.
             */
            support_url?: string | null;
            /** @description Color of buttons and links on the merchant's pages; null for the default. */
            accent_color?: string | null;
            /** @description Origins that may embed the checkout page in a frame. */
            frame_origins?: string[];
            /** @description Stacks address or contract that receives payments, on the network of the mode; null to use the deployment's. */
            pay_address?: string | null;
            /** @description When a payment counts as final: tiers by amount; null to use the deployment's policy. */
            confirmation_policy?: components["schemas"]["Tier"][] | null;
            /** @description How much a payment may fall short and still count as paid, in sats. At most a tenth of the amount applies. */
            tolerance_sats?: number;
            /** @description The tolerance in basis points (1/100 percent) of the amount. The larger of both tolerances applies. */
            tolerance_bp?: number;
            /** @description What happens to a payment that arrives after the deadline. `hold`: it waits for your decision. `accept`: it counts as if it had arrived in time. */
            late_payments?: components["schemas"]["LatePolicy"];
        };
        /**
         * StatsObject
         * @description A merchant's statistics, of a period and of each of its days.
         *
         *     A payment intent counts on the day it was created, with its current status.
         */
        StatsObject: {
            /**
             * @description Type of the object.
             * @constant
             */
            object: "merchant_stats";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /**
             * Format: date
             * @description First day of the period, in UTC.
             */
            from_date: string;
            /**
             * Format: date
             * @description Last day of the period, in UTC.
             */
            to_date: string;
            /** @description Statistics of the whole period. */
            total: components["schemas"]["Numbers"];
            /** @description Statistics of each day, oldest first. */
            days: components["schemas"]["DayNumbers"][];
        };
        /**
         * Numbers
         * @description Statistics of the payment intents that were created in a period, by their current status.
         */
        Numbers: {
            /** @description Number of payment intents that were created. */
            created: number;
            /** @description Number of payment intents that await payment. */
            requires_payment: number;
            /** @description Number of payment intents that are paid, but not final yet. */
            processing: number;
            /** @description Number of payment intents that are confirmed. */
            confirmed: number;
            /** @description Number of payment intents that expired without a payment. */
            expired: number;
            /** @description Number of payment intents that were underpaid at the deadline. */
            failed: number;
            /** @description Number of payment intents that were canceled. */
            canceled: number;
            /** @description Sum of the amounts due, in sats. */
            amount_sats: number;
            /** @description Sum of the payments received, in sats. */
            received_sats: number;
            /** @description Sum of the payments received by confirmed payment intents, in sats. */
            confirmed_sats: number;
        };
        /**
         * DayNumbers
         * @description Statistics of one day, UTC.
         */
        DayNumbers: {
            /** @description Number of payment intents that were created. */
            created: number;
            /** @description Number of payment intents that await payment. */
            requires_payment: number;
            /** @description Number of payment intents that are paid, but not final yet. */
            processing: number;
            /** @description Number of payment intents that are confirmed. */
            confirmed: number;
            /** @description Number of payment intents that expired without a payment. */
            expired: number;
            /** @description Number of payment intents that were underpaid at the deadline. */
            failed: number;
            /** @description Number of payment intents that were canceled. */
            canceled: number;
            /** @description Sum of the amounts due, in sats. */
            amount_sats: number;
            /** @description Sum of the payments received, in sats. */
            received_sats: number;
            /** @description Sum of the payments received by confirmed payment intents, in sats. */
            confirmed_sats: number;
            /**
             * Format: date
             * @description The day, in UTC.
             */
            date: string;
        };
        /**
         * ApiKeyObject
         * @description An API key. It belongs to one mode, and the key itself is returned only once, when it is created.
         */
        ApiKeyObject: {
            /** @description Id of the API key. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "api_key";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Human-readable name of the key. */
            name: string;
            /** @description What the key may do: `read`, `write`, and `admin` for API keys and settings. */
            scopes: ("read" | "write" | "admin")[];
            /** @description Beginning and end of the key, to recognize it by. */
            hint: string;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the key was last used, accurate to about a minute, ISO 8601 in UTC; null if never.
             */
            last_used_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the key stops working, ISO 8601 in UTC. Null unless it was rolled.
             */
            expires_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the key was revoked, ISO 8601 in UTC; null if it was not.
             */
            revoked_at: string | null;
            /** @description The key itself. Present only in the response that creates it. */
            secret?: string;
        };
        /**
         * CreateApiKey
         * @description An API key to create, in the mode of the key that makes the call.
         */
        CreateApiKey: {
            /** @description Human-readable name of the key; 1 to 255 characters. */
            name: string;
            /**
             * @description What the key may do: `read`, `write`, and `admin` for API keys and settings. No scope implies another.
             * @default [
             *       "read",
             *       "write"
             *     ]
             */
            scopes?: components["schemas"]["Scope"][];
        };
        /**
         * Scope
         * @description What an API key may do. `admin` covers API keys and settings.
         * @enum {string}
         */
        Scope: "admin" | "read" | "write";
        /**
         * ApiKeyList
         * @description A page of valid API keys, newest first.
         */
        ApiKeyList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The API keys of this page. */
            data: components["schemas"]["ApiKeyObject"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * RollApiKey
         * @description The terms of replacing an API key.
         */
        RollApiKey: {
            /**
             * @description Seconds for which the old key continues to work, from 0 to 604800.
             * @default 86400
             */
            overlap_s?: number;
        };
        /**
         * AuditLogList
         * @description A page of the audit log, newest first.
         */
        AuditLogList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The entries of this page. */
            data: components["schemas"]["AuditLogEntry"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * AuditLogEntry
         * @description A recorded action: who did what, to which object, from where.
         */
        AuditLogEntry: {
            /** @description Id of the entry. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "audit_log_entry";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Who performed the action: `key` and the id of an API key, `operator`, or `deliverer` for an endpoint that sGate disabled. */
            actor: string;
            /** @description What was done: a kind of object and a verb. */
            action: string;
            /** @description Id of the object that was affected; null for the merchant itself. */
            object_id: string | null;
            /** @description IP address that the request came from; null if it was not a request. */
            address: string | null;
            /** @description Id of the request; null if it was not a request. */
            request_id: string | null;
            /** @description Details, which depend on the action. They never contain secrets. */
            detail: Record<string, never>;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
        };
        /**
         * EndpointObject
         * @description A URL of the merchant's server that events are sent to.
         */
        EndpointObject: {
            /** @description Id of the webhook endpoint. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "webhook_endpoint";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /**
             * Format: uri
             * @description URL that events are sent to.
             */
            url: string;
            /** @description Description of the endpoint, for the merchant. */
            description: string | null;
            /** @description Types of the events that are sent to the endpoint; empty for all. */
            event_types: ("payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test")[];
            /** @description `false` while deliveries to the endpoint are held. */
            enabled: boolean;
            /** @description Why the endpoint is disabled; null if it is enabled. */
            disabled_reason: string | null;
            /**
             * Format: date-time
             * @description Time since which no delivery has succeeded, ISO 8601 in UTC; null if the last one did.
             */
            failing_since: string | null;
            /**
             * Format: date-time
             * @description Time until which webhooks are signed with the previous secret as well, ISO 8601 in UTC; null without one.
             */
            previous_secret_expires_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /** @description Secret that webhooks are signed with. Present only when the endpoint is created and when its secret is rotated. */
            secret?: string;
        };
        /**
         * CreateWebhookEndpoint
         * @description A webhook endpoint to create.
         */
        CreateWebhookEndpoint: {
            /**
             * Format: uri
             * @description URL to send events to.
             */
            url: string;
            /**
             * @description Description of the endpoint, for yourself.
             * @default null
             */
            description?: string | null;
            /**
             * @description Types of the events to send; an empty list means all.
             * @default []
             */
            event_types?: components["schemas"]["EventType"][];
        };
        /**
         * EventType
         * @description The type of an event.
         * @enum {string}
         */
        EventType: "payment.held" | "payment.unmatched" | "payment_intent.canceled" | "payment_intent.canceled_with_payment" | "payment_intent.created" | "payment_intent.duplicate_payment" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.overpaid" | "payment_intent.paid_after_cancel" | "payment_intent.paid_late" | "payment_intent.partially_paid" | "payment_intent.processing" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.succeeded" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
        /**
         * EndpointList
         * @description A page of webhook endpoints, newest first.
         */
        EndpointList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The webhook endpoints of this page. */
            data: components["schemas"]["EndpointObject"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * UpdateWebhookEndpoint
         * @description The changes to a webhook endpoint. Omitted fields stay unchanged.
         */
        UpdateWebhookEndpoint: {
            /**
             * Format: uri
             * @description URL to send events to.
             */
            url?: string;
            /** @description Description of the endpoint, for yourself. */
            description?: string | null;
            /** @description Types of the events to send; an empty list means all. */
            event_types?: components["schemas"]["EventType"][];
            /** @description `false` holds deliveries until the endpoint is enabled again. */
            enabled?: boolean;
        };
        /**
         * DeliveryObject
         * @description The delivery of an event to a webhook endpoint.
         */
        DeliveryObject: {
            /** @description Id of the webhook delivery. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "webhook_delivery";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Id of the webhook endpoint. */
            endpoint: string;
            /** @description Id of the event. */
            event: string;
            /**
             * @description Type of the event.
             * @enum {string}
             */
            event_type: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
            /**
             * @description `pending`: the next attempt is due at `next_attempt_at`. `held`: it waits until the endpoint is enabled or has caught up. `delivered`: the endpoint responded with 2xx. `failed`: all attempts have failed.
             * @enum {string}
             */
            status: "delivered" | "failed" | "held" | "pending";
            /** @description Number of attempts so far. */
            attempts: number;
            /** @description HTTP status code of the last response; null without one. */
            response_status: number | null;
            /** @description Why the last attempt failed; null if it succeeded. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description Time of the last attempt, ISO 8601 in UTC; null before the first one.
             */
            last_attempt_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the next attempt is due, ISO 8601 in UTC; null if none is.
             */
            next_attempt_at: string | null;
            /**
             * Format: date-time
             * @description Time of the successful attempt, ISO 8601 in UTC; null until then.
             */
            delivered_at: string | null;
            /**
             * Format: date-time
             * @description Time at which sGate gave up on the delivery, ISO 8601 in UTC; null if it was not.
             */
            failed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
        };
        /**
         * RecoveryObject
         * @description A recovery: the events of a period are sent to a webhook endpoint again.
         */
        RecoveryObject: {
            /** @description Id of the recovery. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "webhook_recovery";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Id of the webhook endpoint. */
            endpoint: string;
            /**
             * Format: date-time
             * @description Start of the period, inclusive, ISO 8601 in UTC.
             */
            since: string;
            /**
             * Format: date-time
             * @description End of the period, exclusive, ISO 8601 in UTC.
             */
            until: string;
            /** @description `true` if events that the endpoint has already received are sent as well. */
            include_delivered: boolean;
            /** @description Number of deliveries created so far. */
            replayed: number;
            /**
             * Format: date-time
             * @description Time at which the last delivery was created, ISO 8601 in UTC; null until then.
             */
            finished_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
        };
        /**
         * RecoverWebhooks
         * @description The events to send again: those of a period that the endpoint has not received, or all of them.
         */
        RecoverWebhooks: {
            /**
             * Format: date-time
             * @description Start of the period, inclusive; at most 30 days before `until`.
             */
            since: string;
            /**
             * Format: date-time
             * @description End of the period, exclusive; now by default.
             * @default null
             */
            until?: string | null;
            /**
             * @description Whether to send events that the endpoint has already received.
             * @default false
             */
            include_delivered?: boolean;
        };
        /**
         * Deleted
         * @description The id and the type of an object that was deleted.
         */
        Deleted: {
            /** @description Id of the webhook endpoint. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "webhook_endpoint";
            /**
             * @description Always `true`.
             * @constant
             */
            deleted: true;
        };
        /**
         * DeliveryList
         * @description A page of webhook deliveries, newest first.
         */
        DeliveryList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The deliveries of this page. */
            data: components["schemas"]["DeliveryObject"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * DeliveryWithAttempts
         * @description The delivery of an event to a webhook endpoint, with its request and all attempts.
         */
        DeliveryWithAttempts: {
            /** @description Id of the webhook delivery. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "webhook_delivery";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Id of the webhook endpoint. */
            endpoint: string;
            /** @description Id of the event. */
            event: string;
            /**
             * @description Type of the event.
             * @enum {string}
             */
            event_type: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
            /**
             * @description `pending`: the next attempt is due at `next_attempt_at`. `held`: it waits until the endpoint is enabled or has caught up. `delivered`: the endpoint responded with 2xx. `failed`: all attempts have failed.
             * @enum {string}
             */
            status: "delivered" | "failed" | "held" | "pending";
            /** @description Number of attempts so far. */
            attempts: number;
            /** @description HTTP status code of the last response; null without one. */
            response_status: number | null;
            /** @description Why the last attempt failed; null if it succeeded. */
            last_error: string | null;
            /**
             * Format: date-time
             * @description Time of the last attempt, ISO 8601 in UTC; null before the first one.
             */
            last_attempt_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the next attempt is due, ISO 8601 in UTC; null if none is.
             */
            next_attempt_at: string | null;
            /**
             * Format: date-time
             * @description Time of the successful attempt, ISO 8601 in UTC; null until then.
             */
            delivered_at: string | null;
            /**
             * Format: date-time
             * @description Time at which sGate gave up on the delivery, ISO 8601 in UTC; null if it was not.
             */
            failed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /** @description The request that is sent. */
            request: components["schemas"]["RequestObject"];
            /** @description All attempts, oldest first. */
            attempt_log: components["schemas"]["AttemptObject"][];
        };
        /**
         * RequestObject
         * @description The request of a delivery. Each attempt has new signatures, which are not stored.
         */
        RequestObject: {
            /**
             * @description HTTP method.
             * @enum {string}
             */
            method: "POST";
            /**
             * Format: uri
             * @description URL of the endpoint.
             */
            url: string;
            /** @description Headers of the request, without those that each attempt signs. */
            headers: {
                [key: string]: string;
            };
            /** @description Body of the request: the event. */
            body: components["schemas"]["Envelope"];
        };
        /**
         * Envelope
         * @description An event, as webhooks and the API send it.
         */
        Envelope: {
            /** @description Id of the event. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "event";
            /**
             * @description Type of the event.
             * @enum {string}
             */
            type: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
            /**
             * @description Repeats `type`, for receivers written for the first version of sGate.
             * @enum {string}
             */
            event: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
            /** @description Time at which the event occurred, in Unix seconds. */
            created: number;
            /** @description Version of the format of the event's data. */
            api_version: string;
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Number of the event among those about the same object; 1 for the first. */
            sequence: number;
            /** @description Data of the event. */
            data: components["schemas"]["EventData"];
        };
        /**
         * EventData
         * @description The data of an event.
         */
        EventData: {
            /** @description The object that the event is about, as it was at that time. */
            object: unknown;
        };
        /**
         * AttemptObject
         * @description An attempt to send a webhook, and the response.
         */
        AttemptObject: {
            /** @description Number of the attempt; 1 for the first. */
            attempt: number;
            /**
             * Format: uri
             * @description URL that the request was sent to.
             */
            url: string;
            /**
             * Format: date-time
             * @description Time at which the attempt started, ISO 8601 in UTC.
             */
            started_at: string;
            /** @description Duration of the attempt, in milliseconds. */
            duration_ms: number;
            /** @description HTTP status code of the response; null without a response. */
            response_status: number | null;
            /** @description Headers of the response; null without a response. */
            response_headers: {
                [key: string]: string;
            } | null;
            /** @description Body of the response, truncated to 16 KiB; bytes that are not UTF-8 are replaced. Null if empty. */
            response_body: string | null;
            /** @description Why the attempt failed; null if it succeeded. */
            error: string | null;
        };
        /**
         * EventList
         * @description A page of events, newest first.
         */
        EventList: {
            /**
             * @description Type of the object: a list.
             * @constant
             */
            object: "list";
            /** @description The events of this page. */
            data: components["schemas"]["Envelope"][];
            /** @description `true` if more objects follow in the direction of paging. */
            has_more: boolean;
            /** @description Maximum number of objects in this page. */
            limit: number;
        };
        /**
         * SimulatorObject
         * @description The state of the simulated chain.
         */
        SimulatorObject: {
            /**
             * @description Type of the object.
             * @constant
             */
            object: "simulator";
            /** @description Height of the newest Stacks block. */
            height: number;
            /**
             * Format: date-time
             * @description Time of the newest block, ISO 8601 in UTC.
             */
            block_time: string;
            /**
             * Format: date-time
             * @description Current time of the server, ISO 8601 in UTC.
             */
            server_time: string;
            /** @description Number of the current tenure. */
            tenure_height: number;
            /** @description Height of the Bitcoin chain, which is simulated as well. */
            bitcoin_height: number;
            /** @description Number of transactions that wait for a block. */
            mempool: number;
            /** @description `true` if blocks can be mined and reorganized through the API; `false` in production. */
            steerable: boolean;
        };
        /**
         * SimulatedPaymentObject
         * @description A payment in the mempool of the simulated chain.
         */
        SimulatedPaymentObject: {
            /**
             * @description Type of the object.
             * @constant
             */
            object: "simulated_payment";
            /** @description Id of the Stacks transaction: `0x` and 64 hexadecimal digits. */
            tx_id: string;
        };
        /**
         * SimulatedPayment
         * @description A payment to send on the simulated chain.
         */
        SimulatedPayment: {
            /** @description The Stacks address to pay to. */
            recipient: string;
            /** @description The amount, in sats. */
            amount_sats: number;
            /**
             * @description The id of a payment intent, any other text of up to 34 bytes, or null for no memo.
             * @default null
             */
            memo?: string | null;
        };
        /**
         * ShortIntent
         * @description A payment intent to create with a deadline that is only seconds away.
         */
        ShortIntent: {
            /** @description The amount due, in sats. */
            amount_sats: number;
            /** @description Seconds until the deadline. */
            expires_in_s: number;
            /**
             * @description Seconds after the deadline during which a payment still counts as in time.
             * @default 0
             */
            grace_s?: number;
        };
        /**
         * MineBlocks
         * @description Blocks to mine immediately, in addition to those that are mined automatically.
         */
        MineBlocks: {
            /**
             * @description The number of blocks.
             * @default 1
             */
            blocks?: number;
        };
        /**
         * Reorganise
         * @description A reorganization to simulate, in which another branch replaces the newest blocks.
         */
        Reorganise: {
            /**
             * @description The number of blocks to replace.
             * @default 1
             */
            depth?: number;
            /**
             * @description Replaces the block at this height and all above it; overrides `depth`.
             * @default null
             */
            from_height?: number | null;
            /**
             * @description What happens to the transactions of the replaced blocks. `same`: they are included in the new branch; `none`: they return to the mempool; `drop`: they are lost.
             * @default none
             * @enum {string}
             */
            remine?: "drop" | "none" | "same";
        };
        /**
         * PublicIntent
         * @description The customer's view of a payment intent.
         */
        PublicIntent: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment_intent";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Network that payments are made on. */
            network: components["schemas"]["Network"];
            /** @description Asset identifier of the token to pay with. */
            asset: string;
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. `paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain reorganization once undid a payment or its finality. */
            exceptions: components["schemas"]["Anomaly"][];
            /** @description `true` while the customer should still pay; otherwise they must not. `false` also while a payment that a reorganization removed may be mined again. */
            accepts_payment: boolean;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /** @description Amount that the customer still has to pay, in sats; 0 once enough has been paid. */
            amount_due_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description The memo as hexadecimal bytes. */
            memo_hex: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the payment is, or the least settled of several. `seen`: in the mempool. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /** @description Conditions for the payment to be final, from the confirmation policy. */
            required: components["schemas"]["Tier"];
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /**
             * Format: date-time
             * @description Deadline for the payment, ISO 8601 in UTC.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description Current time of the server, ISO 8601 in UTC.
             */
            server_time: string;
            /** @description The merchant that is paid. */
            merchant: components["schemas"]["MerchantCard"];
            /** @description Ids of the transactions with payments, in chain order. A transaction that a reorganization removed stays listed until it is known to have been dropped. */
            tx_ids: string[];
            /** @description Number of events about the object so far. It only increases, so the higher of two is the newer. */
            sequence: number;
            /** @description Description of what is paid for. Null without the client secret. */
            description: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to after paying. Null without the client secret.
             */
            success_url: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to instead of paying. Null without the client secret.
             */
            cancel_url: string | null;
        };
        /**
         * MerchantCard
         * @description The merchant, as shown to customers.
         */
        MerchantCard: {
            /** @description Name of the merchant. */
            name: string;
            /**
             * Format: uri
             * @description URL of the page where customers get help.
             */
            support_url: string | null;
        };
        /**
         * HintObject
         * @description An accepted hint. Once its transaction is found, the payment intent's `finality` is `seen`.
         */
        HintObject: {
            /**
             * @description Type of the object.
             * @constant
             */
            object: "hint";
            /** @description Id of the payment intent. */
            payment_intent: string;
            /** @description Id of the transaction that the wallet sent. */
            tx_id: string;
        };
        /**
         * GiveHint
         * @description A hint that the wallet has sent a transaction. It is verified on the chain, never trusted.
         */
        GiveHint: {
            /** @description Id of the transaction that the wallet sent: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description Client secret of the payment intent, as in its checkout URL. */
            client_secret: string;
        };
        /**
         * Receipt
         * @description A receipt for the customer.
         */
        Receipt: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "receipt";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Network that payments are made on. */
            network: components["schemas"]["Network"];
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description `true` if the amount is paid and final by the confirmation policy. */
            final: boolean;
            /** @description Name of the merchant. */
            merchant: string;
            /** @description Description of what is paid for. Null without the client secret. */
            description: string | null;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the payment is, or the least settled of several. `seen`: in the mempool. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.
             */
            confirmed_at: string | null;
            /** @description The payments that are on the chain now, in chain order. */
            payments: components["schemas"]["ReceiptPayment"][];
        };
        /**
         * ReceiptPayment
         * @description A payment on a receipt: one that is on the chain now.
         */
        ReceiptPayment: {
            /** @description Id of the Stacks transaction: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description Amount of the payment, in sats. */
            amount_sats: number;
            /** @description Stacks address or contract that paid. */
            sender: string;
            /** @description Height of the Stacks block that includes the payment. */
            block_height: number;
            /** @description Hash of the Stacks block that includes the payment. */
            block_hash: string;
            /**
             * Format: date-time
             * @description Time of that block, ISO 8601 in UTC.
             */
            block_time: string;
            /** @description Number of Stacks blocks from the one with the payment to the tip of the chain; 0 without a payment. */
            confirmations: number;
            /** @description How settled the payment is, or the least settled of several. `seen`: in the mempool. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
        };
        /**
         * HealthReport
         * @description The health of the deployment, as this process sees it.
         */
        HealthReport: {
            /** @description The worst health of any component; `unhealthy` if the database is unavailable or refuses writes. */
            status: components["schemas"]["Health"];
            /**
             * Format: date-time
             * @description Time of the report, ISO 8601 in UTC.
             */
            timestamp: string;
            /** @description Health by component: `database`, `blockchain`, `cache`, `replica` (if there is one), `webhooks`, and `ledger` (`degraded`, while there is a payment intent that cannot be decided). */
            services: {
                [key: string]: components["schemas"]["Health"];
            };
            /** @description Health of the connection to the chain by mode, `test` and `live`. */
            chains: {
                [key: string]: components["schemas"]["ChainHealth"];
            };
            /** @description Seconds since this process started. */
            uptime: number;
            /** @description Memory of this process, in bytes. `max_rss`: the most used so far. */
            memory: {
                [key: string]: number;
            };
            /** @description Version of sGate. */
            version: string;
        };
        /**
         * Health
         * @description The health of a component.
         * @enum {string}
         */
        Health: "degraded" | "healthy" | "unhealthy";
        /**
         * ChainHealth
         * @description The health of the connection to the chain, in one mode.
         */
        ChainHealth: {
            /** @description `healthy`, or `degraded` while the chain cannot be read. */
            status: components["schemas"]["Health"];
            /**
             * @description Network of the mode.
             * @enum {string}
             */
            network: "mainnet" | "testnet" | "simulated";
            /** @description Height of the last Stacks block that was scanned. */
            scanned_height: number;
            /**
             * Format: date-time
             * @description Time at which the chain was last read, ISO 8601 in UTC; null before the first time.
             */
            checked_at: string | null;
            /** @description Why the chain cannot be read; null if it can. */
            trouble: string | null;
        };
        /**
         * Alive
         * @description Whether requests can be sent to this process.
         */
        Alive: {
            /** @description `healthy` with status code 200, `unhealthy` with 503. */
            status: components["schemas"]["Health"];
        };
        /**
         * ErrorEnvelope
         * @description The response to every request that fails.
         */
        ErrorEnvelope: {
            /** @description What went wrong. */
            error: components["schemas"]["ErrorBody"];
            /** @description Id of the request, as in its header `X-Request-Id`. */
            request_id: string;
            /**
             * Format: date-time
             * @description Time of the response, ISO 8601 in UTC.
             */
            timestamp: string;
            /** @description Path of the request. */
            path: string;
            /** @description HTTP status code. */
            status: number;
            /** @description Seconds to wait before trying again. Absent if trying again will not help. */
            retry_after?: number | null;
        };
        /**
         * ErrorBody
         * @description What went wrong.
         */
        ErrorBody: {
            /**
             * @description Family of the error.
             * @enum {string}
             */
            type: "bad_request" | "conflict" | "forbidden" | "headers_too_large" | "internal_error" | "method_not_allowed" | "not_found" | "payload_too_large" | "rate_limit_exceeded" | "request_timeout" | "unauthorized" | "unavailable" | "unsupported_media_type" | "validation_error";
            /** @description Code that identifies the error. */
            code: string;
            /** @description Human-readable: what is wrong and what to do. */
            message: string;
            /** @description Field or parameter at fault; null if none is. */
            param: string | null;
            /**
             * Format: uri
             * @description URL of the page that explains the code.
             */
            doc_url: string;
            /** @description Further facts, which depend on the code; usually empty. */
            details: {
                [key: string]: unknown;
            };
        };
        /**
         * IntentObject
         * @description A request to a customer to pay an amount, and its progress.
         */
        IntentObject: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment_intent";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. `paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain reorganization once undid a payment or its finality. */
            exceptions: components["schemas"]["Anomaly"][];
            /** @description Why the status is `failed`; null for any other status. `underpaid`: part of the amount arrived in time. `payment_undone`: a chain reorganization undid its payment, which did not return. */
            failure_reason: components["schemas"]["FailureReason"] | null;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /** @description Amount that the customer still has to pay, in sats; 0 once enough has been paid. */
            amount_due_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description The memo as hexadecimal bytes. */
            memo_hex: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the least settled payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /** @description When a payment counts as final: tiers by amount. */
            confirmation_policy: components["schemas"]["Tier"][];
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /** @description Description of what is paid for, shown to the customer. */
            description: string | null;
            /** @description Key-value pairs that the merchant attached. Customers never see them. */
            metadata: {
                [key: string]: string;
            };
            /**
             * Format: uri
             * @description URL that the customer can go to after paying.
             */
            success_url: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to instead of paying.
             */
            cancel_url: string | null;
            /** @description Secret that gives the checkout page access to the description and the return URLs. */
            client_secret: string;
            /**
             * Format: uri
             * @description URL of the checkout page, where the customer pays.
             */
            checkout_url: string;
            /**
             * Format: date-time
             * @description Deadline for the payment, ISO 8601 in UTC.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.
             */
            confirmed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the merchant canceled it, ISO 8601 in UTC; null if it was not canceled.
             */
            canceled_at: string | null;
            /** @description Number of events about the object so far. It only increases, so the higher of two is the newer. */
            sequence: number;
        };
        /**
         * ReorgedIntentObject
         * @description A payment intent after a chain reorganization; the object of `payment_intent.reorged` events.
         */
        ReorgedIntentObject: {
            /** @description Id of the payment intent. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment_intent";
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Status of the payment intent. `requires_payment`: awaiting payment. `processing`: the amount is on the chain, but not final yet. `confirmed`: the amount is final by the confirmation policy. `expired`: the deadline passed without a payment. `failed`: the deadline passed and too little was paid. `canceled`: the merchant canceled it. */
            status: components["schemas"]["Status"];
            /** @description Irregularities in addition to the status, sorted; usually none. `partially_paid`: part of the amount arrived in time. `overpaid`: more than the amount arrived. `duplicate_payment`: it was paid in full a second time. `paid_late`: a payment arrived after the deadline. `paid_after_cancel`: a payment arrived after it was canceled. `canceled_with_payment`: it was canceled after a payment had arrived. `reorged`: a chain reorganization once undid a payment or its finality. */
            exceptions: components["schemas"]["Anomaly"][];
            /** @description Why the status is `failed`; null for any other status. `underpaid`: part of the amount arrived in time. `payment_undone`: a chain reorganization undid its payment, which did not return. */
            failure_reason: components["schemas"]["FailureReason"] | null;
            /** @description Amount that the merchant asked for, in sats. */
            amount_sats: number;
            /** @description Sum of all payments that are on the chain now, in sats. */
            amount_received_sats: number;
            /** @description Amount that the customer still has to pay, in sats; 0 once enough has been paid. */
            amount_due_sats: number;
            /**
             * @description Currency of the amounts: sBTC, counted in sats.
             * @enum {string}
             */
            currency: "sbtc";
            /** @description Stacks address or contract that must receive the payment. */
            pay_address: string;
            /** @description Memo that the payment must carry: the id of the payment intent. */
            memo: string;
            /** @description The memo as hexadecimal bytes. */
            memo_hex: string;
            /** @description Confirmations of the least settled payment: Stacks blocks from its own to the tip; 0 without a payment. */
            confirmations: number;
            /** @description How settled the least settled payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null without a payment. */
            finality: components["schemas"]["Finality"] | null;
            /** @description When a payment counts as final: tiers by amount. */
            confirmation_policy: components["schemas"]["Tier"][];
            /** @description Value of the amount in US dollars at creation; null if no exchange rate was available. */
            quote: components["schemas"]["QuoteObject"] | null;
            /** @description Description of what is paid for, shown to the customer. */
            description: string | null;
            /** @description Key-value pairs that the merchant attached. Customers never see them. */
            metadata: {
                [key: string]: string;
            };
            /**
             * Format: uri
             * @description URL that the customer can go to after paying.
             */
            success_url: string | null;
            /**
             * Format: uri
             * @description URL that the customer can go to instead of paying.
             */
            cancel_url: string | null;
            /** @description Secret that gives the checkout page access to the description and the return URLs. */
            client_secret: string;
            /**
             * Format: uri
             * @description URL of the checkout page, where the customer pays.
             */
            checkout_url: string;
            /**
             * Format: date-time
             * @description Deadline for the payment, ISO 8601 in UTC.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description Time at which the object was created, ISO 8601 in UTC.
             */
            created_at: string;
            /**
             * Format: date-time
             * @description Time at which the payment intent was first confirmed, ISO 8601 in UTC; null until then.
             */
            confirmed_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the merchant canceled it, ISO 8601 in UTC; null if it was not canceled.
             */
            canceled_at: string | null;
            /** @description Number of events about the object so far. It only increases, so the higher of two is the newer. */
            sequence: number;
            /** @description The payments whose block changed. Empty if only the confirmations of a payment decreased. */
            moved_payments: components["schemas"]["MovedPayment"][];
        };
        /**
         * MovedPayment
         * @description A payment that a chain reorganization moved to another block, or removed from the chain.
         */
        MovedPayment: {
            /** @description Id of the payment. */
            payment: string;
            /** @description The block that contained the payment before. */
            old_block: components["schemas"]["BlockReference"];
            /** @description The block that contains it now; null while it is in no block of the chain. */
            new_block: components["schemas"]["BlockReference"] | null;
        };
        /**
         * BlockReference
         * @description A Stacks block.
         */
        BlockReference: {
            /** @description Height of the block. */
            height: number;
            /** @description Index block hash, which identifies the block across forks. */
            index_block_hash: string;
        };
        /**
         * HeldPaymentObject
         * @description A payment that waits for the merchant's decision; the object of `payment.held` events.
         */
        HeldPaymentObject: {
            /** @description Id of the payment. */
            id: string;
            /**
             * @description Type of the object.
             * @constant
             */
            object: "payment";
            /** @description Id of the Stacks transaction: `0x` and 64 hexadecimal digits. */
            tx_id: string;
            /** @description Index of the transfer among the transaction's events: one transaction may pay several times. */
            event_index: number;
            /** @description Amount of the transfer, in sats. */
            amount_sats: number;
            /** @description Stacks address or contract that paid. */
            sender: string;
            /** @description Stacks address or contract that received the payment. */
            recipient: string;
            /** @description Memo of the transfer as hexadecimal bytes; null if it has none. */
            memo_hex: string | null;
            /** @description `included` while its block is on the chain. `orphaned` if a reorganization removed the block; it may be included again. */
            status: components["schemas"]["Inclusion"];
            /** @description Number of Stacks blocks from the one with the payment to the tip of the chain; 0 while it is orphaned. */
            confirmations: number;
            /** @description Number of tenures that began after the one with the payment. */
            tenure_changes: number;
            /** @description Number of Bitcoin blocks from the one that the payment's tenure is anchored to, which counts. */
            bitcoin_blocks: number;
            /** @description How settled the payment is. `included`: in a Stacks block. `anchored`: one tenure change has followed. `bitcoin_final`: two have, so it is as final as Bitcoin. Null while it is orphaned. */
            finality: components["schemas"]["Finality"] | null;
            /** @description Height of the Stacks block that includes the payment. */
            block_height: number;
            /** @description Hash of the Stacks block that includes the payment. */
            block_hash: string;
            /**
             * Format: date-time
             * @description Time of that block, ISO 8601 in UTC.
             */
            block_time: string;
            /** @description `true` for real money, `false` in test mode. */
            livemode: boolean;
            /** @description Id of the payment intent; null for an unmatched deposit. */
            payment_intent: string | null;
            /** @description Id of a payment intent that the memo names but that this server does not know; null otherwise. */
            recovered_intent_id: string | null;
            /**
             * Format: date-time
             * @description Time at which the deposit was assigned to its payment intent by hand, ISO 8601 in UTC; null if it was not.
             */
            assigned_at: string | null;
            /**
             * Format: date-time
             * @description Time at which the payment was marked as refunded, ISO 8601 in UTC; null if it was not.
             */
            refunded_at: string | null;
            /** @description Id of the transaction that refunded it; null if none is known. */
            refund_tx_id: string | null;
            /**
             * Format: date-time
             * @description Time at which sGate first recorded the payment, ISO 8601 in UTC.
             */
            created_at: string;
            /** @description Why it waits for your decision. `late`: it arrived after the deadline. `after_cancel`: it arrived after the payment intent was canceled. `canceled`: it had arrived before the payment intent was canceled. `duplicate`: it pays the intent in full a second time. `overpaid`: with it, more than the amount arrived. The first three do not count until you accept them. */
            held_reason: components["schemas"]["HeldReason"];
        };
        /**
         * HeldReason
         * @description Why a payment waits for the merchant's decision.
         * @enum {string}
         */
        HeldReason: "after_cancel" | "canceled" | "duplicate" | "late" | "overpaid";
        /**
         * Problem
         * @description An error as RFC 9457 problem details.
         */
        Problem: {
            /**
             * Format: uri
             * @description URL of the page that explains the code.
             */
            type: string;
            /** @description Name of the HTTP status. */
            title: string;
            /** @description HTTP status code. */
            status: number;
            /** @description Human-readable: what is wrong and what to do. */
            detail: string;
            /** @description Path of the request. */
            instance: string;
            /** @description Code that identifies the error. */
            code: string;
            /** @description Id of the request, as in its header `X-Request-Id`. */
            request_id: string;
            /** @description Field or parameter at fault, if there is one. */
            param?: string;
            /** @description Further facts, which depend on the code. */
            details?: Record<string, never>;
            /** @description Seconds to wait before trying again. */
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
                /** @description Returns only payment intents with this status. */
                status?: "requires_payment" | "processing" | "confirmed" | "expired" | "failed" | "canceled";
                /** @description Returns objects created at or after this time; a date means 00:00 UTC on that day. */
                from_date?: string;
                /** @description Returns objects created at or before this time; a date means the end of that day, UTC. */
                to_date?: string;
                /** @description Returns only objects whose metadata contains all of these pairs, such as `metadata[order]=17`. */
                metadata?: {
                    [key: string]: string;
                };
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description An object id. Returns the objects that precede it; use the first id of a page to get the previous one. */
                ending_before?: string;
                /** @description A page number, as an alternative to a cursor; the response then includes totals. Page numbers cover only the first 10,000 objects. Lists with page numbers or metadata filters are costly: read them one after another, because a few at once are enough to get 429. */
                page?: number;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
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
            /** @description The call succeeded. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedIntent"];
                };
            };
        };
    };
    retrievePaymentIntent: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the payment intent. */
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
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["CancelPaymentIntent"];
            };
        };
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description If `true`, returns only deposits that belong to no payment intent. */
                unmatched?: boolean;
                /** @description Returns only payments of this payment intent. */
                payment_intent?: string;
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description An object id. Returns the objects that precede it; use the first id of a page to get the previous one. */
                ending_before?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Id of the payment. */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the payment. */
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
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the payment. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
                /** @description The first day, in UTC. Defaults to 29 days before the last day. */
                from_date?: string;
                /** @description The last day, in UTC, inclusive. Defaults to today. The range can span at most 366 days. */
                to_date?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description An object id. Returns the objects that precede it; use the first id of a page to get the previous one. */
                ending_before?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
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
            /** @description The call succeeded. */
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
                /** @description Id of the API key. */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Id of the API key. */
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the API key. */
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
            /** @description The call succeeded. */
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
                /** @description Returns only entries with this action, such as `api_key.revoked`. */
                action?: string;
                /** @description Returns only entries about the object with this id. */
                object_id?: string;
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description An object id. Returns the objects that precede it; use the first id of a page to get the previous one. */
                ending_before?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
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
            /** @description The call succeeded. */
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
                /** @description Id of the webhook endpoint. */
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook endpoint. */
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
            /** @description The call succeeded. */
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
                /** @description Id of the webhook endpoint. */
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook endpoint. */
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook endpoint. */
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook endpoint. */
                endpoint_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook endpoint. */
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
            /** @description The call succeeded. */
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
                /** @description Id of the recovery. */
                recovery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Returns only deliveries to this endpoint. */
                endpoint?: string;
                /** @description Returns only deliveries of this event. */
                event?: string;
                /** @description Returns only deliveries with this status. */
                status?: "pending" | "held" | "delivered" | "failed";
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Id of the webhook delivery. */
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description Id of the webhook delivery. */
                delivery_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Returns only events of this type. */
                type?: "payment_intent.created" | "payment_intent.processing" | "payment_intent.succeeded" | "payment_intent.reconfirmed" | "payment_intent.reorged" | "payment_intent.expired" | "payment_intent.failed" | "payment_intent.canceled" | "payment_intent.partially_paid" | "payment_intent.overpaid" | "payment_intent.duplicate_payment" | "payment_intent.paid_late" | "payment_intent.paid_after_cancel" | "payment_intent.canceled_with_payment" | "payment.held" | "payment.unmatched" | "webhook_endpoint.disabled" | "webhook_endpoint.test";
                /** @description Returns only events about the object with this id. */
                object?: string;
                /** @description Returns only events about the payment intent with this id. */
                payment_intent?: string;
                /** @description Returns objects created at or after this time; a date means 00:00 UTC on that day. */
                from_date?: string;
                /** @description Returns objects created at or before this time; a date means the end of that day, UTC. */
                to_date?: string;
                /** @description If `true`, the response is a stream of server-sent events that stays open. */
                stream?: "true" | "false";
                /** @description Streams the events after this one. The `Last-Event-ID` header, if sent, takes precedence. */
                last_event_id?: string;
                /** @description An object id. Returns the objects that follow it; use the last id of a page to get the next one. */
                starting_after?: string;
                /** @description An object id. Returns the objects that precede it; use the first id of a page to get the previous one. */
                ending_before?: string;
                /** @description The maximum number of objects to return, from 1 to 100. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Id of the event. */
                event_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
                /** @description 1 to 255 printable ASCII characters. A request repeated with the same key takes effect only once. */
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
            /** @description The call succeeded. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedIntent"];
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
                /** @description Reveals the description and the return URLs. */
                client_secret?: string;
            };
            header?: never;
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
                /** @description Id of the payment intent. */
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
            /** @description The call succeeded. */
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
                /** @description Reveals the description and the return URLs. */
                client_secret?: string;
            };
            header?: never;
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A stream of server-sent events. */
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
                /** @description Reveals the description. */
                client_secret?: string;
            };
            header?: never;
            path: {
                /** @description Id of the payment intent. */
                intent_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
            /** @description The call succeeded. */
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
