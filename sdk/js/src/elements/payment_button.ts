// A button that opens the checkout page.
import { SGateError, SGateUsageError } from "../errors";
import { CHECKOUT_LABELS, type CheckoutModalElement, type CheckoutOptions, mountModal } from "./checkout_modal";
import { hasMoney } from "./feed";
import { paymentOf } from "./payment";
import { type Mounted, create, raise } from "./stage";
import { Teller } from "./teller";

export interface PaymentButtonOptions extends Omit<CheckoutOptions, "checkoutUrl" | "labels"> {
  /**
   * The checkout URL, or a function that gets it from your server when the button is pressed. Prefer the function,
   * because payment intents expire within minutes.
   */
  checkoutUrl?: string | (() => string | Promise<string>);
  /** `modal`, the default, opens a modal. `redirect` opens the checkout page instead of your page. */
  mode?: "modal" | "redirect";
  /** Texts that replace the default ones. */
  labels?: Partial<typeof BUTTON_LABELS>;
}

export const BUTTON_LABELS = { ...CHECKOUT_LABELS, pay: "Pay with Bitcoin", pending: "Payment is on its way", paid: "Paid" };

const STYLE = `
button { font: inherit; font-size: 1rem; font-weight: 600; line-height: 1.25; display: inline-flex; gap: 0.5em; align-items: center; justify-content: center; width: 100%; min-height: 2.75rem;
  padding: 0.625rem 1.25rem; border: 1px solid transparent; border-radius: var(--r); background: var(--a); color: var(--ai); cursor: pointer; }
button:hover { filter: brightness(1.08); }
button[aria-busy=true] { cursor: progress; opacity: 0.7; }
button:disabled { cursor: default; background: none; border-color: var(--g); color: var(--g); filter: none; }
`;

const OVER = ["expired", "failed", "canceled"];

export const PaymentButton = {
  mount(target: string | Element, options: PaymentButtonOptions): Mounted {
    const labels = { ...BUTTON_LABELS, ...options.labels };
    if (typeof options.checkoutUrl !== "function") paymentOf(options as CheckoutOptions); // invalid options cause an error now instead of at the click
    const { host, root, destroy } = raise(target, options, STYLE, () => {
      ended = true;
      modal?.destroy();
    });
    const button = create("button", { type: "button", part: "button" }, labels.pay);
    root.append(button);
    let modal: CheckoutModalElement | undefined;
    let teller: Teller | undefined;
    let ended = false;

    function show(): void {
      const intent = teller?.latest;
      const paid = intent?.status === "confirmed";
      button.textContent = paid ? `✓ ${labels.paid}` : intent && hasMoney(intent) ? labels.pending : labels.pay;
      button.disabled = paid;
      host.dataset["state"] = paid ? "paid" : modal?.isOpen ? "open" : intent && hasMoney(intent) ? "pending" : "idle";
    }

    async function press(): Promise<void> {
      if (button.getAttribute("aria-busy") === "true") return;
      if (modal && !(typeof options.checkoutUrl === "function" && OVER.includes(teller?.latest?.status ?? ""))) return modal.open();
      button.setAttribute("aria-busy", "true");
      try {
        const checkoutUrl = typeof options.checkoutUrl === "function" ? await options.checkoutUrl() : options.checkoutUrl;
        if (!ended) begin({ ...options, checkoutUrl });
      } catch (error) {
        new Teller(ended ? {} : options).fail(asError(error));
      }
      button.removeAttribute("aria-busy");
    }

    function begin(given: CheckoutOptions): void {
      const payment = paymentOf(given);
      if (options.mode === "redirect") return location.assign(payment.checkoutUrl);
      modal?.destroy();
      teller = new Teller(options);
      modal = mountModal(document.body, { ...given, labels }, payment, teller, show);
      modal.open();
    }

    button.addEventListener("click", () => void press());
    show();
    return { host, destroy };
  },
};

function asError(error: unknown): SGateError {
  if (error instanceof SGateError) return error;
  return new SGateUsageError("checkout_url_failed", `checkoutUrl() failed: ${error instanceof Error ? error.message : error}`, "checkoutUrl");
}
