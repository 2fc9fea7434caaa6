// The checkout page as part of your page. Its height is the height of its content.
import { CHECKOUT_LABELS, type CheckoutOptions } from "./checkout_modal";
import { follow } from "./feed";
import { checkoutFrame, wayOut } from "./frame";
import { paymentOf } from "./payment";
import { type Mounted, create, raise } from "./stage";
import { Teller } from "./teller";

const STYLE = `
:host { display: block; width: 100%; max-width: 30rem; }
.box { border: 1px solid var(--l); border-radius: calc(var(--r) * 1.6); overflow: hidden; background: var(--b); }
p { margin: 0; padding: 1rem; text-align: center; color: var(--t); }
a { color: var(--a); }
`;

export const CheckoutWidget = {
  mount(target: string | Element, options: CheckoutOptions): Mounted {
    const payment = paymentOf(options);
    const labels = { ...CHECKOUT_LABELS, ...options.labels };
    const teller = new Teller(options);
    const { host, root, destroy } = raise(target, options, STYLE, () => {
      teller.end();
      following.stop();
      frame.remove();
    });
    const following = follow(payment, { quiet: true, take: (intent) => teller.take(intent), fail: (error) => teller.fail(error) });
    const box = create("div", { class: "box", part: "box" });
    const note = create("p", { hidden: "" });
    note.append(wayOut(payment, labels.openInTab));
    const frame = checkoutFrame(payment, labels.title, options.locale, {
      onStatus: (status) => following.nudge(status),
      onResize: (height) => void (frame.element.height = `${height}`),
      onClose: () => {
        const moneySeen = frame.moneySeen();
        frame.remove();
        box.hidden = true;
        following.listen();
        teller.closed(moneySeen);
      },
      onSilent: (error) => {
        note.hidden = false;
        following.listen();
        teller.fail(error);
      },
    });
    box.append(note, frame.element);
    root.append(box);
    return { host, destroy };
  },
};
