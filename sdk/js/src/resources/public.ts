import type { CallOptions } from "../options";
import { frames } from "../streams";
import { type Answer, pathOf } from "../transport";
import type { Hint, HintParams, PublicPaymentIntent, Receipt } from "../types";
import { Resource } from "./resource";

const PATH = "/public/payment_intents";

/** With the client secret: also description and return URLs. */
export interface PublicParams {
  client_secret?: string;
}

/** What a payer may see and do: no key, from any origin. */
export class PublicCalls extends Resource {
  retrieve(id: string, params: PublicParams = {}, options?: CallOptions): Promise<Answer<PublicPaymentIntent>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id), query: { ...params }, options, open: true });
  }

  /** The payment intent now, and again each time something about it changes, without end. */
  async *stream(
    id: string,
    params: PublicParams = {},
    options?: CallOptions,
  ): AsyncGenerator<PublicPaymentIntent, void, undefined> {
    const call = { method: "GET", path: pathOf(PATH, id, "/events"), query: { ...params }, options, open: true } as const;
    for await (const frame of frames({ transport: this.transport, call })) yield JSON.parse(frame.data) as PublicPaymentIntent;
  }

  /** Tell which transaction the wallet sent, so that it is seen sooner. It is looked up, never believed. */
  hint(id: string, params: HintParams, options?: CallOptions): Promise<Answer<Hint>> {
    return this.transport.send({ method: "POST", path: pathOf(PATH, id, "/hint"), body: params, options, open: true });
  }

  /** There is one as soon as a payment is in a block. */
  receipt(id: string, params: PublicParams = {}, options?: CallOptions): Promise<Answer<Receipt>> {
    return this.transport.send({ method: "GET", path: pathOf(PATH, id, "/receipt"), query: { ...params }, options, open: true });
  }
}
