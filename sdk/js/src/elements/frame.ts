// The checkout page in a frame, and the messages that it sends. docs/embedding.md describes the messages.
import { SGateUsageError } from "../errors";
import { create } from "./stage";
import type { Payment } from "./payment";

/** A checkout page that may be embedded sends `ready` while it loads. If a loaded page sends nothing, it may not be embedded. */
const SILENT_AFTER_LOAD_MS = 3_000;
const SILENT_MS = 20_000;
const FIRST_HEIGHT_PX = 640;
const TALLEST_PX = 5_000;

/** The states in which the checkout page shows a payment. */
const MONEYED = ["partial", "seen", "lost", "processing", "confirmed"];

export interface FrameHooks {
  /** The state of the checkout page changed. `status` is the status of the payment intent. */
  onStatus(status: string | undefined): void;
  onResize(heightPx: number): void;
  /** The customer pressed Close or Escape. */
  onClose(): void;
  /** The checkout page did not load, most likely because the merchant does not allow this site to embed it. */
  onSilent(error: SGateUsageError): void;
}

export interface CheckoutFrame {
  element: HTMLIFrameElement;
  /** Whether the checkout page has shown a payment. */
  moneySeen(): boolean;
  remove(): void;
}

export function checkoutFrame(payment: Payment, title: string, locale: string | undefined, hooks: FrameHooks): CheckoutFrame {
  const url = new URL(payment.checkoutUrl);
  if (locale) url.searchParams.set("lang", locale.slice(0, 2));
  const element = create("iframe", { title, src: url.href, allow: "clipboard-write", part: "frame", height: `${FIRST_HEIGHT_PX}` });
  let moneySeen = false;
  const silent = (): void => {
    hooks.onSilent(
      new SGateUsageError(
        "frame_not_allowed",
        `The checkout page did not load in its frame. Allow this site: PATCH /v1/merchants/me {"frame_origins": ["${location.origin}"]}.`,
      ),
    );
  };
  let timer = setTimeout(silent, SILENT_MS);
  const loaded = (): void => {
    clearTimeout(timer);
    timer = setTimeout(silent, SILENT_AFTER_LOAD_MS);
  };
  const hear = ({ origin, source, data }: MessageEvent<unknown>): void => {
    if (origin !== url.origin || source !== element.contentWindow || !isMessage(data) || data.payment_intent !== payment.id) return;
    clearTimeout(timer);
    element.removeEventListener("load", loaded);
    if (data.type === "resize" && Number(data.height) > 0) hooks.onResize(Math.min(Number(data.height), TALLEST_PX));
    if (data.type === "close") hooks.onClose();
    if (data.type !== "status") return;
    moneySeen ||= MONEYED.includes(String(data.state));
    hooks.onStatus(data.status);
  };
  element.addEventListener("load", loaded, { once: true });
  addEventListener("message", hear);
  return {
    element,
    moneySeen: () => moneySeen,
    remove: () => {
      clearTimeout(timer);
      removeEventListener("message", hear);
      element.remove();
    },
  };
}

interface Message {
  source: "sgate";
  version: 1;
  type: string;
  payment_intent: string;
  height?: number;
  state?: string;
  status?: string;
}

function isMessage(data: unknown): data is Message {
  const { source, version } = (data ?? {}) as Partial<Message>;
  return source === "sgate" && version === 1;
}

/** A link to the checkout page, which is shown if the frame does not load. */
export function wayOut(payment: Payment, text: string): HTMLAnchorElement {
  return create("a", { href: payment.checkoutUrl, target: "_blank", rel: "noopener", part: "link" }, text);
}
