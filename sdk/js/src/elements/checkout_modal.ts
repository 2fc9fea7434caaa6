// The checkout page in a modal. It is a <dialog>, which traps the focus, restores it afterwards, and makes the rest of the page inert.
import { type Following, follow } from "./feed";
import { type CheckoutFrame, checkoutFrame, wayOut } from "./frame";
import { type Payment, type PaymentGiven, paymentOf } from "./payment";
import { type LookOptions, type Mounted, create, raise } from "./stage";
import { type Callbacks, Teller } from "./teller";

export interface CheckoutOptions extends PaymentGiven, LookOptions, Callbacks {
  /** Texts that replace the default ones. */
  labels?: Partial<typeof CHECKOUT_LABELS>;
}

export interface CheckoutModalElement extends Mounted {
  /** Open the modal. */
  open(): void;
  /** Close the modal. Callbacks are still called, until `destroy`. */
  close(): void;
  /** Whether the modal is open. */
  readonly isOpen: boolean;
}

export const CHECKOUT_LABELS = { title: "Payment", close: "Close", openInTab: "Open the payment page in a new tab" };

const STYLE = `
dialog { width: min(28rem, 100vw); max-width: none; max-height: 100dvh; padding: 0; border: 0; border-radius: calc(var(--r) * 1.6); background: var(--b);
  color: var(--t); box-shadow: 0 1rem 4rem #0008; overflow: auto; }
dialog::backdrop { background: #0009; }
.bar { position: sticky; top: 0; display: flex; justify-content: flex-end; background: var(--b); }
button { font: 1.5rem/1 system-ui; width: 2.75rem; height: 2.75rem; border: 0; border-radius: var(--r); background: none; color: var(--t); cursor: pointer; }
p { margin: 0; padding: 1rem; text-align: center; }
a { color: var(--a); }
@media (max-width: 30rem) { dialog { width: 100vw; height: 100dvh; border-radius: 0; margin: 0; } }
`;

export const CheckoutModal = {
  /** Mount a closed modal. `open()` shows it, and its position does not depend on `target`. */
  mount(target: string | Element, options: CheckoutOptions): CheckoutModalElement {
    return mountModal(target, options, paymentOf(options), new Teller(options), () => undefined);
  },

  /** Mount a modal into the page's body and open it. */
  open(options: CheckoutOptions): CheckoutModalElement {
    const modal = CheckoutModal.mount(document.body, options);
    modal.open();
    return modal;
  },
};

export function mountModal(
  target: string | Element,
  options: CheckoutOptions,
  payment: Payment,
  teller: Teller,
  onChange: () => void,
): CheckoutModalElement {
  const labels = { ...CHECKOUT_LABELS, ...options.labels };
  let frame: CheckoutFrame | undefined;
  let following: Following | undefined;
  let scrolling = "";
  const { host, root, destroy } = raise(target, options, STYLE, () => {
    teller.end();
    shut();
    following?.stop();
  });
  host.style.display = "contents";
  const dialog = create("dialog", { "aria-label": labels.title, part: "dialog" });
  const bar = create("div", { class: "bar" });
  const cross = create("button", { type: "button", "aria-label": labels.close, part: "close" }, "×");
  bar.append(cross);
  dialog.append(bar);
  root.append(dialog);

  const silent = (note: HTMLElement) => (error: Parameters<Teller["fail"]>[0]): void => {
    note.hidden = false;
    following?.listen();
    teller.fail(error);
  };

  function open(): void {
    if (dialog.open || !host.isConnected) return;
    following ??= follow(payment, {
      quiet: true,
      take: (intent) => {
        teller.take(intent);
        onChange();
      },
      fail: (error) => teller.fail(error),
    });
    const note = create("p", { hidden: "" });
    note.append(wayOut(payment, labels.openInTab));
    frame = checkoutFrame(payment, labels.title, options.locale, {
      onStatus: (status) => following?.nudge(status),
      onResize: (height) => void (frame!.element.height = `${height}`),
      onClose: close,
      onSilent: silent(note),
    });
    dialog.append(note, frame.element);
    scrolling = document.documentElement.style.overflow;
    document.documentElement.style.overflow = "hidden";
    dialog.showModal();
    onChange();
  }

  /** Close the modal without calling a callback. */
  function shut(): void {
    if (!frame) return;
    frame.remove();
    frame = undefined;
    dialog.replaceChildren(bar);
    dialog.close();
    const page = document.documentElement;
    page.style.overflow = scrolling;
    if (!page.getAttribute("style")) page.removeAttribute("style");
  }

  function close(): void {
    if (!frame) return;
    const moneySeen = frame.moneySeen();
    shut();
    following?.listen(); // the removed frame sends no more messages
    following?.nudge();
    teller.closed(moneySeen);
    onChange();
  }

  cross.addEventListener("click", close);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("close", close); // a browser may close the dialog although `cancel` was prevented
  return {
    host,
    open,
    close,
    destroy,
    get isOpen() {
      return dialog.open;
    },
  };
}
