// The "Pay with wallet" panel. The code that talks to wallets is in wallet/wallet.ts, which is loaded on click. The state
// of the panel is kept here and is shown again after each update of the page, because a wallet may be open at the time.
import { framed } from "./embed";
import { announce, byId, data, forget, recall, remember, word } from "./page";
import type { Failure } from "./wallet/failures";
import type { Order, Wallet } from "./wallet/wallet";

const HINT_TRIES = 3;
const HINT_PAUSE_MS = 2000;
const PATIENCE_MS = 15_000; // a wallet whose window was closed, or never opened, may not respond
const INSTALL = { Leather: "https://leather.io", Xverse: "https://www.xverse.app" };

/** The state of the panel. If `again` is true, the wallet has not responded for a while, and the customer may ask it again. */
type Shown =
  | { kind: "idle" | "looking" | "none" | "unloaded" | "sent" }
  | { kind: "asking"; walletId: string; again: boolean }
  | { kind: "choose"; found: Wallet[] }
  | { kind: "failed"; failure: Failure };

const panel = (): HTMLElement | null => byId("wallet");
/** The storage key for a sent payment. The payment is shown as sent until it is detected on the chain, even after a reload. */
const sentKey = (amountSats: string): string => `sgate-sent-${data().id}-${amountSats}`;

let shown: Shown = { kind: "idle" };
let shownFor = ""; // the amount to which the state belongs
let attempt = 0;

/** Show the panel and its state after the page was updated, without announcing it again. */
export function showWallet(): void {
  const at = panel();
  if (!at) return;
  at.hidden = false;
  const { amountSats = "" } = at.dataset;
  if (recall(sentKey(amountSats))) shown = { kind: "sent" };
  else if (amountSats !== shownFor && shown.kind !== "asking") shown = { kind: "idle" };
  shownFor = amountSats;
  draw();
}

/** Pay with a wallet. Called when the customer presses the button or chooses one of several wallets. */
export async function payWithWallet(walletId?: string): Promise<void> {
  const at = panel();
  if (!at || shown.kind === "looking" || shown.kind === "asking") return;
  const order = orderOf(at);
  const clientSecret = at.dataset.clientSecret ?? "";
  show({ kind: "looking" });
  const loaded = await import("./wallet/wallet").catch((error: unknown) => console.error(error));
  if (!loaded) return show({ kind: "unloaded" });
  const found = loaded.wallets();
  const chosen = found.length === 1 ? found[0]!.id : walletId;
  if (found.length === 0) return show({ kind: "none" });
  if (chosen === undefined) return choose(found);
  const thisAttempt = startAttempt(chosen);
  const sent = await loaded.pay(chosen, order);
  if ("txId" in sent) return paid(order, sent.txId, clientSecret);
  if (thisAttempt === attempt) show({ kind: "failed", failure: sent.failure });
}

/** Send the request to a silent wallet again. A payment in response to the first request still counts. */
export function askAgain(): void {
  if (shown.kind !== "asking") return;
  const { walletId } = shown;
  attempt += 1;
  shown = { kind: "idle" };
  void payWithWallet(walletId);
}

/** Show the payment instructions again. The customer asks for them if a payment that was sent has failed in the wallet. */
export function payAgain(): void {
  forget(sentKey(shownFor));
  show({ kind: "idle" });
  byId("wallet-pay")?.focus();
}

function startAttempt(walletId: string): number {
  attempt += 1;
  const thisAttempt = attempt;
  show({ kind: "asking", walletId, again: false });
  setTimeout(() => {
    if (thisAttempt === attempt && shown.kind === "asking") show({ kind: "asking", walletId, again: true });
  }, PATIENCE_MS);
  return thisAttempt;
}

function choose(found: Wallet[]): void {
  show({ kind: "choose", found });
  byId("wallet-choices")?.querySelector("button")?.focus();
}

function paid(order: Order, txId: string, clientSecret: string): void {
  attempt += 1;
  remember(sentKey(String(order.amountSats)), txId);
  show({ kind: "sent" });
  void hint(txId, clientSecret);
}

function orderOf(at: HTMLElement): Order {
  const { network, contract, token, amountSats, recipient, memo } = at.dataset;
  return {
    network: network as Order["network"],
    contract: contract!,
    token: token!,
    amountSats: BigInt(amountSats!),
    recipient: recipient!,
    memo: memo!,
  };
}

/** Send the transaction id to the server as a hint. Without the hint, the payment is detected later. */
async function hint(txId: string, clientSecret: string): Promise<void> {
  const body = JSON.stringify({ tx_id: txId, client_secret: clientSecret });
  for (let tries = 0; clientSecret && tries < HINT_TRIES; tries += 1) {
    try {
      const response = await fetch(data().hintUrl!, { method: "POST", body, headers: { "Content-Type": "application/json" } });
      if (response.status < 500) return;
    } catch {
      // The network failed. Try again.
    }
    await new Promise((resolve) => setTimeout(resolve, HINT_PAUSE_MS));
  }
}

function show(next: Shown): void {
  shown = next;
  draw();
  const text = sentence(next);
  if (text) announce(text);
}

function sentence(now: Shown): string {
  if (now.kind === "idle") return "";
  return word(now.kind === "failed" ? now.failure : now.kind);
}

function draw(): void {
  const [note, choices, button] = [byId("wallet-note"), byId("wallet-choices"), byId("wallet-pay")];
  if (!note || !choices || !button) return;
  const { kind } = shown;
  byId("by-hand")!.hidden = kind === "sent";
  byId("wallet-or")!.hidden = kind === "sent";
  button.hidden = kind === "sent" || kind === "choose";
  (button as HTMLButtonElement).disabled = kind === "looking" || kind === "asking";
  choices.hidden = kind !== "choose";
  note.hidden = kind === "idle" || kind === "choose";
  note.className = `state ${{ sent: "good", none: "warn", unloaded: "warn", failed: "warn" }[kind as string] ?? "calm"}`;
  note.replaceChildren(sentence(shown), ...details(shown));
  if (shown.kind === "choose") choices.replaceChildren(paragraph(word("choose")), ...shown.found.map(choice));
}

/** Return the buttons and links that are shown below the sentence. */
function details(now: Shown): HTMLElement[] {
  if (now.kind === "sent") return [button("wallet-again", word("again"))];
  if (now.kind === "asking" && now.again) return [button("wallet-ask-again", word("silent"))];
  if (now.kind !== "none") return [];
  const install = line(...Object.entries(INSTALL).map(([name, url]) => link(name, url)));
  return framed ? [line(`${word("framed")} `, link(word("open"), location.href)), install] : [install];
}

function choice(wallet: Wallet): HTMLElement {
  const chosen = Object.assign(document.createElement("button"), { type: "button", id: `wallet-${wallet.id}` });
  chosen.dataset.wallet = wallet.id;
  if (wallet.icon) chosen.append(Object.assign(document.createElement("img"), { src: wallet.icon, alt: "" }));
  chosen.append(wallet.name);
  return chosen;
}

function button(id: string, text: string): HTMLElement {
  return Object.assign(document.createElement("button"), { type: "button", id, className: "small", textContent: text });
}

function paragraph(text: string): HTMLElement {
  return Object.assign(document.createElement("p"), { textContent: text, className: "quiet" });
}

function line(...parts: (Node | string)[]): HTMLElement {
  const whole = Object.assign(document.createElement("span"), { className: "leave" });
  whole.append(...parts);
  return whole;
}

function link(text: string, href: string): HTMLElement {
  return Object.assign(document.createElement("a"), {
    textContent: text, href, target: "_blank", rel: "noreferrer", className: "link",
  });
}
