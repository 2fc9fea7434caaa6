// Tells a page what happens to its payment: each change of status, success exactly once, and what went wrong.
import { SGateError } from "../errors";
import type { PublicPaymentIntent, Status } from "../types";
import { hasMoney } from "./feed";

export interface Callbacks {
  /** The payment is final. Called once. Show it; ship when your server has the webhook `payment_intent.succeeded`. */
  onSuccess?: (intent: PublicPaymentIntent) => void;
  /** It expired or failed, the server cannot be reached, or the page may not embed the checkout; `error.code` says which. */
  onError?: (error: SGateError) => void;
  /** The customer closed the checkout and no money is known, or you canceled the payment intent. */
  onCancel?: (intent: PublicPaymentIntent | null) => void;
  /** Called with the first status, and with each other one. */
  onStatusChange?: (status: Status, intent: PublicPaymentIntent) => void;
}

const CLOSED: Partial<Record<Status, string>> = {
  expired: "The time is up and nothing was paid. Make a new payment intent.",
  failed: "The time is up and too little was paid. See the payment intent for what came.",
};

export class Teller {
  readonly #callbacks: Callbacks;
  #latest: PublicPaymentIntent | null = null;
  #succeeded = false;
  #ended = false;

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  get latest(): PublicPaymentIntent | null {
    return this.#latest;
  }

  take(intent: PublicPaymentIntent): void {
    const before = this.#latest?.status;
    this.#latest = intent;
    const { status } = intent;
    if (status === before) return;
    this.#call("onStatusChange", status, intent);
    if (status === "confirmed" && !this.#succeeded) {
      this.#succeeded = true;
      this.#call("onSuccess", intent);
    }
    if (status === "canceled") this.#call("onCancel", intent);
    const reason = CLOSED[status];
    if (reason) this.fail(new SGateError(reason, { type: "payment_error", code: `payment_${status}` }));
  }

  fail(error: SGateError): void {
    this.#call("onError", error);
  }

  /** The customer closed the checkout. `moneySeen`: the checkout showed money that is not known here yet. */
  closed(moneySeen: boolean): void {
    const known = this.#latest;
    if (moneySeen || (known && (hasMoney(known) || known.status !== "requires_payment"))) return;
    this.#call("onCancel", known);
  }

  /** From now on nothing is told. */
  end(): void {
    this.#ended = true;
  }

  #call<Name extends keyof Callbacks>(name: Name, ...values: Parameters<NonNullable<Callbacks[Name]>>): void {
    if (this.#ended) return;
    try {
      (this.#callbacks[name] as ((...values: unknown[]) => void) | undefined)?.(...values);
    } catch (error) {
      // A mistake in a page's callback is the page's: it shows in the console, and stops nothing here.
      setTimeout(() => {
        throw error;
      });
    }
  }
}
