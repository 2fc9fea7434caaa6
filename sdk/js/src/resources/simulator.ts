import type { CallOptions, PostOptions } from "../options";
import type { Answer } from "../transport";
import type {
  CreatedPaymentIntent,
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
 * Controls the simulated chain. Calls that create payments, blocks or reorganizations are never retried, because the
 * server stores no idempotency keys for them.
 */
export class SimulatorCalls extends Resource {
  /** Retrieve the state of the chain. */
  retrieve(options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "GET", path: PATH, options });
  }

  /** Send a payment. The next block will include it. */
  pay(params: SimulatedPaymentParams, options?: CallOptions): Promise<Answer<SimulatedPayment>> {
    return this.transport.send({ method: "POST", path: `${PATH}/payments`, body: params, options, once: true });
  }

  /** Create a payment intent that expires after `expires_in_s` seconds, to test expiry. */
  createPaymentIntent(params: SimulatorPaymentIntentParams, options?: PostOptions): Promise<Answer<CreatedPaymentIntent>> {
    return this.transport.send({ method: "POST", path: `${PATH}/payment_intents`, body: params, options });
  }

  /** Mine blocks immediately; one block by default. */
  mineBlocks(params: SimulatorMineParams = {}, options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "POST", path: `${PATH}/blocks`, body: params, options, once: true });
  }

  /** Reorganize the chain: replace the newest blocks with another branch. */
  reorganise(params: SimulatorReorganiseParams = {}, options?: CallOptions): Promise<Answer<Simulator>> {
    return this.transport.send({ method: "POST", path: `${PATH}/reorg`, body: params, options, once: true });
  }
}
