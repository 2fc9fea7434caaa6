// Calls the callbacks of the page: for each change of the status, for errors, and exactly once for success.
import { SGateError } from "../errors";
import type { PublicPaymentIntent, Status } from "../types";
import { hasMoney } from "./feed";

export interface Callbacks {
  /**
   * Called exactly once, when the payment is final. Use it to show the success. Ship only when your server receives the
   * webhook `payment_intent.succeeded`.
   */
  onSuccess?: (intent: PublicPaymentIntent) => void;
  /**
   * Called when the payment intent expires or fails, when the server is unreachable, or when your page may not embed
   * the checkout page. `error.code` gives the cause.
   */
  onError?: (error: SGateError) => void;
  /** Called when the customer closes the checkout page while no payment is known, or when you cancel the payment intent. */
  onCancel?: (intent: PublicPaymentIntent | null) => void;
  /** Called with the first status, and with each new status. */
  onStatusChange?: (status: Status, intent: PublicPaymentIntent) => void;
}

const CLOSED: Partial<Record<Status, string>> = {
  expired: "The payment intent expired unpaid. Create a new one.",
  failed: "The payment intent expired underpaid. It lists the payments received.",
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

  /**
   * The customer closed the checkout page. `moneySeen` is whether the page has shown a payment, which may not be known
   * here yet.
   */
  closed(moneySeen: boolean): void {
    const known = this.#latest;
    if (moneySeen || (known && (hasMoney(known) || known.status !== "requires_payment"))) return;
    this.#call("onCancel", known);
  }

  /** Call no callback from now on. */
  end(): void {
    this.#ended = true;
  }

  #call<Name extends keyof Callbacks>(name: Name, ...values: Parameters<NonNullable<Callbacks[Name]>>): void {
    if (this.#ended) return;
    try {
      (this.#callbacks[name] as ((...values: unknown[]) => void) | undefined)?.(...values);
    } catch (error) {
      // An error in a callback of the page is reported to the console, and does not interrupt the elements.
      setTimeout(() => {
        throw error;
      });
    }
  }
}
