import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type {
  CreatedPaymentIntent,
  PaymentIntent,
  PaymentIntentCancelParams,
  PaymentIntentCreateParams,
  PaymentIntentListParams,
  PaymentIntentUpdateParams,
} from "../types";
import { Resource } from "./resource";

const PATH = "/v1/payment_intents";

/** Requests to a customer to pay an amount. */
export class PaymentIntents extends Resource {
  /** Create a payment intent. Pass exactly one of `amount_sats` and `amount_usd`. */
  create(params: PaymentIntentCreateParams, options?: PostOptions): Promise<Answer<CreatedPaymentIntent>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  /** Retrieve a payment intent with its payments. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "GET", path: PATH, id, options });
  }

  /** List payment intents, newest first. */
  list(params?: PaymentIntentListParams, options?: CallOptions): Listing<PaymentIntent> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Update the description and the metadata. Omitted fields stay unchanged. null removes a field or a metadata key. */
  update(id: string, params: PaymentIntentUpdateParams, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: PATH, id, body: params, options });
  }

  /**
   * Cancel a payment intent that is waiting for payment. With `force: true`, it is canceled even if a payment has
   * arrived, which is then held until you accept it or send it back.
   */
  cancel(id: string, params?: PaymentIntentCancelParams, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "cancel", body: params, options });
  }

  /** Accept the payments of an intent that arrived late or after it was canceled. */
  accept(id: string, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "accept", options });
  }
}
