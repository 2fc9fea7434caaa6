// Which payment an element is about: found out from the client secret or the checkout URL.
import { SGateUsageError } from "../errors";
import { checkedBaseUrl, urlOf } from "../options";

export interface PaymentGiven {
  /** `checkout_url` of the payment intent. */
  checkoutUrl?: string;
  /** Or its `client_secret`; then `apiBaseUrl` says where your sGate is, unless `configure` did. */
  clientSecret?: string;
  apiBaseUrl?: string;
}

export interface Payment {
  id: string;
  clientSecret: string | undefined;
  baseUrl: string;
  checkoutUrl: string;
}

let usualBaseUrl: string | undefined;

/** Say once where your sGate is, for elements that are given a client secret alone. */
export function configure(settings: { apiBaseUrl: string }): void {
  usualBaseUrl = checkedBaseUrl(settings.apiBaseUrl);
}

export function paymentOf({ checkoutUrl, clientSecret, apiBaseUrl }: PaymentGiven): Payment {
  if (checkoutUrl !== undefined) return ofCheckoutUrl(checkoutUrl);
  const id = typeof clientSecret === "string" ? /^(pi_[0-9a-f]{24})_secret_\w+$/.exec(clientSecret)?.[1] : undefined;
  if (!id) throw new SGateUsageError("payment_missing", "Give the `checkout_url` or the `client_secret` of a payment intent.", "clientSecret");
  if (apiBaseUrl === undefined && usualBaseUrl === undefined)
    throw new SGateUsageError("base_url_missing", "Beside a client secret, say where your sGate is: apiBaseUrl, or configure({ apiBaseUrl }) once.", "apiBaseUrl");
  const baseUrl = apiBaseUrl === undefined ? usualBaseUrl! : checkedBaseUrl(apiBaseUrl);
  return { id, clientSecret, baseUrl, checkoutUrl: `${baseUrl}/pi/${id}?client_secret=${encodeURIComponent(clientSecret!)}` };
}

function ofCheckoutUrl(checkoutUrl: string): Payment {
  const url = urlOf(checkoutUrl);
  const [, base, id] = /^(.*)\/pi\/(pi_[0-9a-f]{24})$/.exec(url?.pathname ?? "") ?? [];
  if (!url || !/^https?:$/.test(url.protocol) || base === undefined || !id)
    throw new SGateUsageError("invalid_checkout_url", "checkoutUrl must be the `checkout_url` of a payment intent: https://.../pi/pi_...", "checkoutUrl");
  return { id, clientSecret: url.searchParams.get("client_secret") ?? undefined, baseUrl: url.origin + base, checkoutUrl: url.href };
}
