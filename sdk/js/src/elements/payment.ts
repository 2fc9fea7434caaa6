// Identifies the payment of an element by its client secret or checkout URL.
import { SGateUsageError } from "../errors";
import { baseUrlOf, checkedBaseUrl, urlOf } from "../options";

export interface PaymentGiven {
  /** The `checkout_url` of the payment intent. */
  checkoutUrl?: string;
  /** The `client_secret` of the payment intent, instead of `checkoutUrl`. It requires a base URL. */
  clientSecret?: string;
  /** The address of your sGate server; by default the address that you passed to `configure`. */
  baseUrl?: string;
  /** @deprecated Use `baseUrl`. */
  apiBaseUrl?: string;
}

export interface Payment {
  id: string;
  clientSecret: string | undefined;
  baseUrl: string;
  checkoutUrl: string;
}

let defaultBaseUrl: string | undefined;

/** Set the address of your sGate server for all elements that are mounted with a client secret. */
export function configure(settings: { baseUrl: string } | { /** @deprecated Use `baseUrl`. */ apiBaseUrl: string }): void {
  defaultBaseUrl = checkedBaseUrl(baseUrlOf(settings));
}

export function paymentOf({ checkoutUrl, clientSecret, ...given }: PaymentGiven): Payment {
  if (checkoutUrl !== undefined) return ofCheckoutUrl(checkoutUrl);
  const id = typeof clientSecret === "string" ? /^(pi_[0-9a-f]{24})_secret_\w+$/.exec(clientSecret)?.[1] : undefined;
  if (!id) throw new SGateUsageError("payment_missing", "Pass the `checkout_url` or the `client_secret` of a payment intent.", "clientSecret");
  const url = baseUrlOf(given);
  if (url === undefined && defaultBaseUrl === undefined)
    throw new SGateUsageError("base_url_missing", "With a client secret, pass baseUrl too, or call configure({ baseUrl }) once.", "baseUrl");
  const baseUrl = url === undefined ? defaultBaseUrl! : checkedBaseUrl(url);
  return { id, clientSecret, baseUrl, checkoutUrl: `${baseUrl}/pi/${id}?client_secret=${encodeURIComponent(clientSecret!)}` };
}

function ofCheckoutUrl(checkoutUrl: string): Payment {
  const url = urlOf(checkoutUrl);
  const [, base, id] = /^(.*)\/pi\/(pi_[0-9a-f]{24})$/.exec(url?.pathname ?? "") ?? [];
  if (!url || !/^https?:$/.test(url.protocol) || base === undefined || !id)
    throw new SGateUsageError("invalid_checkout_url", "checkoutUrl must be the `checkout_url` of a payment intent: https://.../pi/pi_...", "checkoutUrl");
  return { id, clientSecret: url.searchParams.get("client_secret") ?? undefined, baseUrl: url.origin + base, checkoutUrl: url.href };
}
