// The entry point for browsers. The elements need a client secret or a checkout URL, but never an API key.
export { AmountDisplay, type AmountDisplayOptions } from "./amount_display";
export { CheckoutModal, type CheckoutModalElement, type CheckoutOptions } from "./checkout_modal";
export { CheckoutWidget } from "./checkout_widget";
export { PaymentButton, type PaymentButtonOptions } from "./payment_button";
export { configure, type PaymentGiven } from "./payment";
export { QRCode, type QRCodeOptions } from "./qr_code";
export type { LookOptions, Mounted } from "./stage";
export { StatusBadge, type StatusBadgeOptions } from "./status_badge";
export type { Callbacks } from "./teller";
export { SGateError } from "../errors";
export type { PublicPaymentIntent, Status } from "../types";
