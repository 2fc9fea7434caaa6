// The messages to the embedding page if the checkout page is in a frame. docs/embedding.md describes them.
import { byId, data } from "./page";

export const framed = window.parent !== window;

/** Post a message to the origins that the merchant allows. The browser drops messages for other origins. */
function post(type: string, detail: Record<string, unknown> = {}): void {
  if (!framed) return;
  const allowed = (data().frameOrigins ?? "").split(" ").filter(Boolean);
  const parent = location.ancestorOrigins?.[0];
  const origins = parent === undefined ? allowed : allowed.filter((origin) => origin === parent);
  for (const origin of origins) {
    window.parent.postMessage({ source: "sgate", version: 1, type, payment_intent: data().id, ...detail }, origin);
  }
}

let notified = "";

/** Report the state that the page shows, if the state has changed. */
export function notifyStatus(): void {
  const shown = data().picture ?? "";
  if (shown === notified) return;
  notified = shown;
  post("status", { state: shown, status: (data().seen ?? "").split("/")[1] });
}

export function notifyClose(): void {
  post("close");
}

export function startFrame(): void {
  if (!framed) return;
  document.body.classList.add("embedded");
  new ResizeObserver(() => post("resize", { height: Math.ceil(document.body.getBoundingClientRect().height) })).observe(
    document.body,
  );
  addEventListener("keydown", (event) => event.key === "Escape" && notifyClose());
  post("ready");
}

export function showCloseButton(): void {
  const button = byId("close");
  if (button) button.hidden = !framed;
}
