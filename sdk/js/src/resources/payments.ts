import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import { type Answer, pathOf } from "../transport";
import type { Deposit, PaymentAssignParams, PaymentListParams, PaymentMarkRefundedParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/payments";

export class Payments extends Resource {
  /** All payments, newest first; `unmatched: true` is the inbox of deposits that name no payment intent. */
  list(params?: PaymentListParams, options?: CallOptions): Listing<Deposit> {
    return new Listing(this.transport, PATH, params, options);
  }

  retrieve(id: string, options?: CallOptions): Promise<Answer<Deposit>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), options });
  }

  /** Say which payment intent an unmatched deposit is for. */
  assign(id: string, params: PaymentAssignParams, options?: PostOptions): Promise<Answer<Deposit>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/assign"), body: params, options });
  }

  /** Record that a payment was sent back by hand. */
  markRefunded(id: string, params: PaymentMarkRefundedParams, options?: PostOptions): Promise<Answer<Deposit>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/mark_refunded"), body: params, options });
  }
}
