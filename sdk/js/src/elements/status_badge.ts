// A badge that shows the status of a payment.
import type { PublicPaymentIntent } from "../types";
import { follow } from "./feed";
import { type PaymentGiven, paymentOf } from "./payment";
import { type LookOptions, type Mounted, create, raise } from "./stage";
import { type Callbacks, Teller } from "./teller";

export interface StatusBadgeOptions extends PaymentGiven, LookOptions, Callbacks {
  /** Texts that replace the default ones. */
  labels?: Partial<typeof STATUS_LABELS>;
}

export const STATUS_LABELS = {
  loading: "Loading",
  waiting: "Waiting for payment",
  partial: "Partly paid",
  seen: "Payment seen",
  time_up: "Time is up",
  processing: "Confirming",
  confirmed: "Paid",
  expired: "Expired",
  failed: "Not paid in full",
  canceled: "Canceled",
  unreachable: "Not reachable",
};

type State = keyof typeof STATUS_LABELS;

const STYLE = `
span { display: inline-flex; align-items: center; gap: 0.5em; padding: 0.2em 0.75em; border: 1px solid var(--l); border-radius: 2em; color: var(--t); background: var(--b);
  font-size: 0.875rem; line-height: 1.4; }
span::before { content: ""; width: 0.6em; height: 0.6em; border-radius: 50%; background: var(--c, var(--m)); flex: none; forced-color-adjust: none; }
:is([data-state=waiting], [data-state=seen], [data-state=processing], [data-state=partial]) { --c: var(--w); }
[data-state=confirmed] { --c: var(--g); }
:is([data-state=expired], [data-state=failed], [data-state=canceled], [data-state=unreachable], [data-state=time_up]) { --c: var(--e); }
`;

/** The state to show to the customer. */
export function stateOf(intent: PublicPaymentIntent): State {
  if (intent.status !== "requires_payment") return intent.status;
  if (intent.finality === "seen") return "seen";
  if (intent.server_time >= intent.expires_at) return "time_up";
  return intent.amount_received_sats > 0 ? "partial" : "waiting";
}

export const StatusBadge = {
  mount(target: string | Element, options: StatusBadgeOptions): Mounted {
    const payment = paymentOf(options);
    const labels: Record<State, string> = { ...STATUS_LABELS, ...options.labels };
    const teller = new Teller(options);
    const { host, root, destroy } = raise(target, options, STYLE, () => {
      teller.end();
      following.stop();
    });
    const badge = create("span", { role: "status", part: "badge" });
    root.append(badge);
    const show = (state: State): void => {
      badge.dataset["state"] = state;
      if (badge.textContent !== labels[state]) badge.textContent = labels[state];
    };
    show("loading");
    const following = follow(payment, {
      take: (intent) => {
        show(stateOf(intent));
        teller.take(intent);
      },
      fail: (error) => {
        show("unreachable");
        teller.fail(error);
      },
    });
    return { host, destroy };
  },
};
