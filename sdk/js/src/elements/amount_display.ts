// Shows the amount of a payment.
import type { PublicPaymentIntent } from "../types";
import { follow } from "./feed";
import { type PaymentGiven, paymentOf } from "./payment";
import { type LookOptions, type Mounted, create, raise } from "./stage";
import { type Callbacks, Teller } from "./teller";

export interface AmountDisplayOptions extends PaymentGiven, LookOptions, Callbacks {
  /** Which amount to show: the requested one (`asked`, the default), the one still due, or the one received. */
  amount?: "asked" | "due" | "received";
  /** The unit; `sbtc` by default. */
  unit?: "sbtc" | "sats";
  /** Whether to show the value of the requested amount in US dollars if it is known; true by default. */
  fiat?: boolean;
}

const SATS_PER_BTC = 100_000_000;
const STYLE = `
:host { color: var(--t); }
[part=amount] { font-variant-numeric: tabular-nums; font-weight: 650; white-space: nowrap; }
[part=fiat] { color: var(--m); margin-inline-start: 0.5em; white-space: nowrap; }
`;

/** The formatted amount. The number is passed as text, which newer browsers format without rounding, whatever its size. */
export function amountText(sats: number, unit: "sbtc" | "sats", locale?: string): string {
  if (unit === "sats") return `${new Intl.NumberFormat(locale).format(sats)} sats`;
  const exact = `${Math.floor(sats / SATS_PER_BTC)}.${String(sats % SATS_PER_BTC).padStart(8, "0")}`;
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 8 }).format(exact as unknown as number)} sBTC`;
}

export const AmountDisplay = {
  mount(target: string | Element, options: AmountDisplayOptions): Mounted {
    const payment = paymentOf(options);
    const teller = new Teller(options);
    const { host, root, destroy } = raise(target, options, STYLE, () => {
      teller.end();
      following.stop();
    });
    const amount = create("span", { part: "amount" });
    const fiat = create("span", { part: "fiat", hidden: "" });
    root.append(amount, fiat);
    const show = (intent: PublicPaymentIntent): void => {
      const sats = { asked: intent.amount_sats, due: intent.amount_due_sats, received: intent.amount_received_sats }[options.amount ?? "asked"];
      amount.textContent = amountText(sats, options.unit ?? "sbtc", options.locale);
      fiat.hidden = !intent.quote || options.fiat === false || (options.amount ?? "asked") !== "asked";
      if (intent.quote)
        fiat.textContent = `≈ ${new Intl.NumberFormat(options.locale, { style: "currency", currency: "USD" }).format(Number(intent.quote.amount_usd))}`;
    };
    const following = follow(payment, {
      take: (intent) => {
        show(intent);
        teller.take(intent);
      },
      fail: (error) => teller.fail(error),
    });
    return { host, destroy };
  },
};
