// Inside of a frame: tell the page around it what happens. docs/embedding.md describes the messages.
import { byId, data } from "./page";

export const framed = window.parent !== window;

/** To the origins that the merchant allows, and to nobody else; the browser drops a message that names another origin. */
function tell(type: string, detail: Record<string, unknown> = {}): void {
  if (!framed) return;
  const allowed = (data().frameOrigins ?? "").split(" ").filter(Boolean);
  const around = location.ancestorOrigins?.[0];
  const origins = around === undefined ? allowed : allowed.filter((origin) => origin === around);
  for (const origin of origins) {
    window.parent.postMessage({ source: "sgate", version: 1, type, payment_intent: data().id, ...detail }, origin);
  }
}

let told = "";

/** What the page shows now, if it is something else than before. */
export function tellStatus(): void {
  const shown = data().picture ?? "";
  if (shown === told) return;
  told = shown;
  tell("status", { state: shown, status: (data().seen ?? "").split("/")[1] });
}

export function tellClose(): void {
  tell("close");
}

export function startFrame(): void {
  if (!framed) return;
  document.body.classList.add("embedded");
  new ResizeObserver(() => tell("resize", { height: Math.ceil(document.body.getBoundingClientRect().height) })).observe(
    document.body,
  );
  addEventListener("keydown", (event) => event.key === "Escape" && tellClose());
  tell("ready");
}

export function showCloseButton(): void {
  const button = byId("close");
  if (button) button.hidden = !framed;
}
