// The client. Every API call is a method of its resource. The four most common calls are also methods of the client.
import type { Listing } from "./listing";
import type { CallOptions, ClientOptions, DeprecatedClientOptions, PostOptions } from "./options";
import { ApiKeys } from "./resources/api_keys";
import { AuditLog } from "./resources/audit_log";
import { Events } from "./resources/events";
import { HealthCalls } from "./resources/health";
import { Merchants } from "./resources/merchants";
import { PaymentIntents } from "./resources/payment_intents";
import { Payments } from "./resources/payments";
import { PublicCalls } from "./resources/public";
import { SimulatorCalls } from "./resources/simulator";
import { WebhookDeliveries } from "./resources/webhook_deliveries";
import { WebhookEndpoints } from "./resources/webhook_endpoints";
import { type Answer, Transport } from "./transport";
import type {
  CreatedPaymentIntent,
  PaymentIntent,
  PaymentIntentCancelParams,
  PaymentIntentCreateParams,
  PaymentIntentListParams,
} from "./types";

/** A client of the API. */
export class SGate {
  readonly paymentIntents: PaymentIntents;
  readonly payments: Payments;
  readonly merchants: Merchants;
  readonly apiKeys: ApiKeys;
  readonly webhookEndpoints: WebhookEndpoints;
  readonly webhookDeliveries: WebhookDeliveries;
  readonly events: Events;
  readonly auditLog: AuditLog;
  /** The customer's view of payment intents. No key is needed. */
  readonly public: PublicCalls;
  readonly health: HealthCalls;
  /** Controls the simulated chain. A test key is needed. */
  readonly simulator: SimulatorCalls;

  constructor(options: ClientOptions | DeprecatedClientOptions) {
    const transport = new Transport(options);
    this.paymentIntents = new PaymentIntents(transport);
    this.payments = new Payments(transport);
    this.merchants = new Merchants(transport);
    this.apiKeys = new ApiKeys(transport);
    this.webhookEndpoints = new WebhookEndpoints(transport);
    this.webhookDeliveries = new WebhookDeliveries(transport);
    this.events = new Events(transport);
    this.auditLog = new AuditLog(transport);
    this.public = new PublicCalls(transport);
    this.health = new HealthCalls(transport);
    this.simulator = new SimulatorCalls(transport);
  }

  createPaymentIntent(params: PaymentIntentCreateParams, options?: PostOptions): Promise<Answer<CreatedPaymentIntent>> {
    return this.paymentIntents.create(params, options);
  }

  retrievePaymentIntent(id: string, options?: CallOptions): Promise<Answer<PaymentIntent>> {
    return this.paymentIntents.retrieve(id, options);
  }

  /**
   * `for await (const intent of sgate.listPaymentIntents({ status: "confirmed" }))` iterates over all matching payment
   * intents.
   */
  listPaymentIntents(params?: PaymentIntentListParams, options?: CallOptions): Listing<PaymentIntent> {
    return this.paymentIntents.list(params, options);
  }

  cancelPaymentIntent(
    id: string,
    params?: PaymentIntentCancelParams,
    options?: PostOptions,
  ): Promise<Answer<PaymentIntent>> {
    return this.paymentIntents.cancel(id, params, options);
  }
}
