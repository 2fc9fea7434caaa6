// The objects of the API under their public names. All types come from the generated file `openapi.ts`. Here, some plain strings
// get literal types.
import type { components, operations } from "./openapi";

type Schemas = components["schemas"];
type Query<Operation extends keyof operations> = NonNullable<operations[Operation]["parameters"]["query"]>;
type Shaped<Shape, Known> = Omit<Shape, keyof Known> & Known;

export type Status = Schemas["Status"];
export type Anomaly = Schemas["Anomaly"];
export type Network = Schemas["Network"];
export type Finality = Schemas["Finality"];
export type Inclusion = Schemas["Inclusion"];
export type LatePolicy = Schemas["LatePolicy"];
export type Health = Schemas["Health"];
export type Tier = Schemas["Tier"];
export type Quote = Schemas["QuoteObject"];
export type EventType = Schemas["EventType"];
export type Scope = Schemas["Scope"];

/** A payment of a payment intent. */
export type IntentPayment = Shaped<Schemas["PaymentObject"], { object: "payment" }>;
/** A payment intent in an event, without its payments. */
export type PaymentIntentSnapshot = Shaped<Schemas["IntentObject"], { object: "payment_intent"; currency: "sbtc"; status: Status }>;
/** A payment intent with its payments, in chain order. */
export type PaymentIntent = PaymentIntentSnapshot & { payments: IntentPayment[] };
/** A payment intent that was just created. */
export type CreatedPaymentIntent = PaymentIntent & Pick<Schemas["CreatedIntent"], "warnings">;
/** The customer's view of a payment intent. */
export type PublicPaymentIntent = Shaped<Schemas["PublicIntent"], { object: "payment_intent"; currency: "sbtc" }>;
export type Receipt = Shaped<Schemas["Receipt"], { object: "receipt"; currency: "sbtc" }>;
export type Hint = Shaped<Schemas["HintObject"], { object: "hint" }>;
/** A payment with its payment intent and its history. */
export type Payment = Shaped<Schemas["DepositObject"], { object: "payment" }>;
/** A payment that waits for your decision. */
export type HeldPayment = Payment & Pick<Schemas["HeldPaymentObject"], "held_reason">;
/** A payment intent after a chain reorganization. */
export type ReorgedPaymentIntent = PaymentIntentSnapshot & Pick<Schemas["ReorgedIntentObject"], "moved_payments">;
/** @deprecated Use `Payment`. */
export type Deposit = Payment;
export type Merchant = Shaped<Schemas["MerchantObject"], { object: "merchant"; late_payments: Schemas["LatePolicy"] }>;
export type MerchantStats = Shaped<Schemas["StatsObject"], { object: "merchant_stats" }>;
export type ApiKey = Shaped<Schemas["ApiKeyObject"], { object: "api_key"; scopes: Scope[] }>;
export type WebhookEndpoint = Shaped<Schemas["EndpointObject"], { object: "webhook_endpoint"; event_types: EventType[] }>;
export type WebhookRecovery = Shaped<Schemas["RecoveryObject"], { object: "webhook_recovery" }>;
export type DeliveryStatus = NonNullable<Query<"listWebhookDeliveries">["status"]>;
export type WebhookDelivery = Shaped<
  Schemas["DeliveryObject"],
  { object: "webhook_delivery"; event_type: EventType; status: DeliveryStatus }
>;
export type WebhookDeliveryWithAttempts = WebhookDelivery & Pick<Schemas["DeliveryWithAttempts"], "request" | "attempt_log">;
export type AuditLogEntry = Shaped<Schemas["AuditLogEntry"], { object: "audit_log_entry"; detail: Record<string, unknown> }>;
export type Deleted = Schemas["Deleted"];
export type HealthReport = Schemas["HealthReport"];
export type Alive = Schemas["Alive"];
export type Simulator = Shaped<Schemas["SimulatorObject"], { object: "simulator" }>;
export type SimulatedPayment = Shaped<Schemas["SimulatedPaymentObject"], { object: "simulated_payment" }>;

export type PaymentIntentCreateParams = Schemas["CreatePaymentIntent"];
export type PaymentIntentUpdateParams = Schemas["UpdatePaymentIntent"];
export type PaymentIntentCancelParams = Schemas["CancelPaymentIntent"];
export type PaymentAssignParams = Schemas["AssignPayment"];
export type PaymentMarkRefundedParams = Schemas["MarkRefunded"];
export type MerchantUpdateParams = Schemas["UpdateMerchant"];
export type ApiKeyCreateParams = Schemas["CreateApiKey"];
export type ApiKeyRollParams = Schemas["RollApiKey"];
export type WebhookEndpointCreateParams = Schemas["CreateWebhookEndpoint"];
export type WebhookEndpointUpdateParams = Schemas["UpdateWebhookEndpoint"];
export type WebhookRecoverParams = Schemas["RecoverWebhooks"];
export type HintParams = Schemas["GiveHint"];
export type SimulatedPaymentParams = Schemas["SimulatedPayment"];
export type SimulatorPaymentIntentParams = Schemas["ShortIntent"];
export type SimulatorMineParams = Schemas["MineBlocks"];
export type SimulatorReorganiseParams = Schemas["Reorganise"];

export type PaymentIntentListParams = Query<"listPaymentIntents">;
export type PaymentListParams = Query<"listPayments">;
export type MerchantStatsParams = Query<"retrieveMerchantStats">;
export type ApiKeyListParams = Query<"listApiKeys">;
export type WebhookEndpointListParams = Query<"listWebhookEndpoints">;
export type EventListParams = Omit<Query<"listEvents">, "stream" | "last_event_id">;
export type EventStreamParams = Pick<Query<"listEvents">, "type" | "object" | "payment_intent" | "last_event_id">;
export type WebhookDeliveryListParams = Query<"listWebhookDeliveries">;
export type AuditLogListParams = Query<"listAuditLog">;

interface EventOf<Type extends EventType, About> {
  id: string;
  object: "event";
  type: Type;
  /** The same value as `type`. */
  event: Type;
  /** The time of the event in Unix seconds. */
  created: number;
  api_version: string;
  livemode: boolean;
  /** Increases with each event of the same object. */
  sequence: number;
  data: { object: About };
}

/** An event from a webhook or from `sgate.events`. `type` determines the type of `data.object`. */
export type SGateEvent = {
  [Type in EventType]: EventOf<
    Type,
    Type extends "payment.unmatched"
      ? Payment
      : Type extends "payment.held"
        ? HeldPayment
        : Type extends "payment_intent.reorged"
          ? ReorgedPaymentIntent
          : Type extends `webhook_endpoint.${string}`
            ? WebhookEndpoint
            : PaymentIntentSnapshot
  >;
}[EventType];
