import type { CallOptions } from "../options";
import { frames } from "../streams";
import type { Answer } from "../transport";
import type { Hint, HintParams, PublicPaymentIntent, Receipt } from "../types";
import { Resource } from "./resource";

const PATH = "/public/payment_intents";

/** The description and the return URLs are returned only with the client secret. */
export interface PublicParams {
  client_secret?: string;
}

/** The customer's view of payment intents. These calls need no key, and work from any origin. */
export class PublicCalls extends Resource {
  /** Retrieve the customer's view of a payment intent. */
  retrieve(id: string, params: PublicParams = {}, options?: CallOptions): Promise<Answer<PublicPaymentIntent>> {
    return this.transport.send({ method: "GET", path: PATH, id, query: { ...params }, options, open: true });
  }

  /** Stream the payment intent indefinitely: first its current state, then each change. */
  async *stream(
    id: string,
    params: PublicParams = {},
    options?: CallOptions,
  ): AsyncGenerator<PublicPaymentIntent, void, undefined> {
    const call = { method: "GET", path: PATH, id, action: "events", query: { ...params }, options, open: true } as const;
    for await (const frame of frames({ transport: this.transport, call })) yield JSON.parse(frame.data) as PublicPaymentIntent;
  }

  /** Report the transaction that the wallet sent. The server checks it and never trusts the report itself. */
  hint(id: string, params: HintParams, options?: CallOptions): Promise<Answer<Hint>> {
    return this.transport.send({ method: "POST", path: PATH, id, action: "hint", body: params, options, open: true });
  }

  /** Retrieve the receipt. It exists as soon as a payment is in a block. */
  receipt(id: string, params: PublicParams = {}, options?: CallOptions): Promise<Answer<Receipt>> {
    return this.transport.send({ method: "GET", path: PATH, id, action: "receipt", query: { ...params }, options, open: true });
  }
}
