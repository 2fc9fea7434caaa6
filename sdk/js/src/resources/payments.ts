import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type { Payment, PaymentAssignParams, PaymentListParams, PaymentMarkRefundedParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/payments";

/** sBTC transfers on the chain. */
export class Payments extends Resource {
  /** List payments, newest first. With `unmatched: true`, list deposits that name none of your payment intents. */
  list(params?: PaymentListParams, options?: CallOptions): Listing<Payment> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Retrieve a payment. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<Payment>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** Assign an unmatched deposit to a payment intent. */
  assign(id: string, params: PaymentAssignParams, options?: PostOptions): Promise<Answer<Payment>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "assign", body: params, options });
  }

  /** Record that you sent a payment back yourself. */
  markRefunded(id: string, params: PaymentMarkRefundedParams, options?: PostOptions): Promise<Answer<Payment>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "mark_refunded", body: params, options });
  }
}
