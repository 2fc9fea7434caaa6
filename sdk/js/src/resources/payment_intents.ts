import { Listing } from "../listing";
import type { CallOptions, PostOptions } from "../options";
import { type Answer, pathOf } from "../transport";
import type { PaymentIntent, PaymentIntentCreateParams, PaymentIntentListParams, PaymentIntentUpdateParams } from "../types";
import { Resource } from "./resource";

const PATH = "/v1/payment_intents";

export class PaymentIntents extends Resource {
  /** Ask for a payment. Give exactly one of `amount_sats` and `amount_usd`. */
  create(params: PaymentIntentCreateParams, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: PATH, body: params, options });
  }

  /** One payment intent as it is now, with its payments. */
  retrieve(id: string, options?: CallOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), options });
  }

  /** All payment intents, newest first. */
  list(params?: PaymentIntentListParams, options?: CallOptions): Listing<PaymentIntent> {
    return new Listing(this.transport, PATH, params, options);
  }

  /** Change description and metadata. What is not given stays. */
  update(id: string, params: PaymentIntentUpdateParams, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id), body: params, options });
  }

  /** Possible only while it waits for payment and none is known on the chain. */
  cancel(id: string, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/cancel"), options });
  }

  /** Let money count that came late or after a cancel. */
  accept(id: string, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/accept"), options });
  }
}
