// A QR code. It contains the URL of the checkout page, to continue on a phone, or the address or the memo, for a wallet's scanner.
import type { PublicPaymentIntent } from "../types";
import { type Following, follow } from "./feed";
import { type PaymentGiven, paymentOf } from "./payment";
import { qrModules } from "./qr";
import { type LookOptions, type Mounted, create, raise } from "./stage";
import { type Callbacks, Teller } from "./teller";

export interface QRCodeOptions extends PaymentGiven, LookOptions, Callbacks {
  /**
   * The content of the code, by default `checkout`. If you show the address, show the memo too: a payment without the
   * memo is not matched.
   */
  of?: "checkout" | "address" | "memo";
  /** The label for screen readers. */
  label?: string;
}

const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";
const LABELS = { checkout: "QR code of the payment page", address: "QR code of the payment address", memo: "QR code of the memo" };
// The code is dark on white even in dark mode, because not every scanner reads inverted codes.
const STYLE = `
:host { width: var(--sgate-qr-size, 12rem); max-width: 100%; }
svg { display: block; width: 100%; height: auto; background: #fff; border-radius: var(--r); forced-color-adjust: none; }
path { fill: #101614; }
`;

export const QRCode = {
  mount(target: string | Element, options: QRCodeOptions): Mounted {
    const payment = paymentOf(options);
    const kind = options.of ?? "checkout";
    const teller = new Teller(options);
    let following: Following | undefined;
    const { host, root, destroy } = raise(target, options, STYLE, () => {
      teller.end();
      following?.stop();
    });
    const picture = create("div", { role: "img", "aria-label": options.label ?? LABELS[kind], part: "picture" });
    root.append(picture);
    let drawn = "";
    const draw = (text: string): void => {
      if (text !== drawn) picture.replaceChildren(drawing((drawn = text)));
    };
    const show = (intent: PublicPaymentIntent): void => {
      draw(kind === "memo" ? intent.memo : intent.pay_address);
      picture.hidden = !intent.accepts_payment; // the payment intent must not be paid now
    };
    if (kind === "checkout") draw(payment.checkoutUrl);
    const { onSuccess, onError, onCancel, onStatusChange } = options;
    if (kind !== "checkout" || onSuccess || onError || onCancel || onStatusChange)
      following = follow(payment, {
        take: (intent) => {
          if (kind !== "checkout") show(intent);
          teller.take(intent);
        },
        fail: (error) => teller.fail(error),
      });
    return { host, destroy };
  },
};

function drawing(text: string): SVGSVGElement {
  const modules = qrModules(text);
  const side = modules.length + 2 * QUIET_ZONE;
  const svg = document.createElementNS(SVG, "svg") as SVGSVGElement;
  svg.setAttribute("viewBox", `0 0 ${side} ${side}`);
  svg.setAttribute("shape-rendering", "crispEdges");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", modules.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z` : ""))).join(""));
  svg.append(path);
  return svg;
}
