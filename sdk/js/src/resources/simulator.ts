import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type {
  PaymentIntent,
  SimulatedPayment,
  SimulatedPaymentParams,
  Simulator,
  SimulatorMineParams,
  SimulatorPaymentIntentParams,
  SimulatorReorganiseParams,
} from "../types";
import { Resource } from "./resource";

const PATH = "/v1/simulator";

/**
 * The simulated chain, for tests. What moves the chain is sent once and never again by itself: the server keeps no
 * idempotency keys for it.
 */
export class SimulatorCalls extends Resource {
  /** Where the chain stands. */
  retrieve(options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "GET", path: PATH, options });
  }

  /** Pay; it is in the next block. */
  pay(params: SimulatedPaymentParams, options?: CallOptions): Promise<Answer<SimulatedPayment>> {
    return this.transport.send({ method: "POST", path: `${PATH}/payments`, body: params, options, once: true });
  }

  /** A payment intent whose time is up soon, to see what happens then. */
  createPaymentIntent(params: SimulatorPaymentIntentParams, options?: PostOptions): Promise<Answer<PaymentIntent>> {
    return this.transport.send({ method: "POST", path: `${PATH}/payment_intents`, body: params, options });
  }

  /** Mine blocks now. */
  mineBlocks(params: SimulatorMineParams = {}, options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "POST", path: `${PATH}/blocks`, body: params, options, once: true });
  }

  /** Let another branch replace the newest blocks. */
  reorganise(params: SimulatorReorganiseParams = {}, options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "POST", path: `${PATH}/reorg`, body: params, options, once: true });
  }
}
