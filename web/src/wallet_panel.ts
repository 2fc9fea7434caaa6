// "Pay with wallet": what the customer sees of it. The wallets themselves are in wallet/wallet.ts, which is loaded on click.
import { framed } from "./embed";
import { byId, data, forget, recall, remember, say, word } from "./page";
import type { Order, Wallet } from "./wallet/wallet";

const HINT_TRIES = 3;
const HINT_PAUSE_MS = 2000;
const INSTALL = { Leather: "https://leather.io", Xverse: "https://www.xverse.app" };

const panel = (): HTMLElement | null => byId("wallet");
/** A payment that was sent stays on the page until the chain shows it, also over a reload. A further part is another one. */
const sentKey = (): string => `sgate-sent-${data().id}-${panel()?.dataset.amountSats}`;

let asking = false;

/** After the page was drawn: offer the wallet, or say that it has been used. */
export function showWallet(): void {
  const at = panel();
  if (!at) return;
  at.hidden = false;
  if (recall(sentKey())) showSent();
}

/** A press on the button, or on one of several wallets. */
export async function payWithWallet(walletId?: string): Promise<void> {
  const at = panel();
  if (!at || asking) return;
  asking = true;
  working(word("looking"));
  try {
    const { wallets, pay } = await import("./wallet/wallet");
    const found = wallets();
    const chosen = found.length === 1 ? found[0]!.id : walletId;
    if (found.length === 0) return showNone();
    if (chosen === undefined) return showChoices(found);
    note(word("asking"));
    const sent = await pay(chosen, orderOf(at));
    if ("failure" in sent) return note(word(sent.failure), "warn");
    remember(sentKey(), sent.txId);
    showSent();
    void hint(sent.txId, at.dataset.clientSecret ?? "");
  } catch (error) {
    console.error(error); // the wallets' script could not be loaded
    note(word("broken"), "warn");
  } finally {
    asking = false;
    idle();
  }
}

/** The wallet said that it failed after all. */
export function payAgain(): void {
  forget(sentKey());
  for (const id of ["wallet-pay", "by-hand"]) byId(id)?.removeAttribute("hidden");
  byId("wallet-note")?.setAttribute("hidden", "");
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

/** Tell the server which transaction to look for. Only a hint: without it the payment is found all the same, later. */
async function hint(txId: string, clientSecret: string): Promise<void> {
  const body = JSON.stringify({ tx_id: txId, client_secret: clientSecret });
  for (let tries = 0; clientSecret && tries < HINT_TRIES; tries += 1) {
    try {
      const answer = await fetch(data().hintUrl!, { method: "POST", body, headers: { "Content-Type": "application/json" } });
      if (answer.status < 500) return;
    } catch {
      // The network is away: try again.
    }
    await new Promise((resolve) => setTimeout(resolve, HINT_PAUSE_MS));
  }
}

function showSent(): void {
  for (const id of ["wallet-pay", "wallet-choices", "by-hand"]) byId(id)?.setAttribute("hidden", "");
  note(word("sent"), "good");
  const button = Object.assign(document.createElement("button"), { type: "button", id: "wallet-again", className: "small" });
  button.textContent = word("again");
  byId("wallet-note")?.append(button);
}

function showNone(): void {
  note(word("none"), "warn");
  const at = byId("wallet-note")!;
  if (framed) at.append(line(`${word("framed")} `, link(word("open"), location.href)));
  at.append(line(...Object.entries(INSTALL).map(([name, url]) => link(name, url))));
}

function showChoices(found: Wallet[]): void {
  const choices = byId("wallet-choices")!;
  choices.replaceChildren(
    Object.assign(document.createElement("p"), { textContent: word("choose"), className: "quiet" }),
    ...found.map((wallet) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      button.dataset.wallet = wallet.id;
      if (wallet.icon) button.append(Object.assign(document.createElement("img"), { src: wallet.icon, alt: "" }));
      button.append(wallet.name);
      return button;
    }),
  );
  choices.hidden = false;
  byId("wallet-note")!.hidden = true;
  choices.querySelector("button")?.focus();
}

function line(...parts: (Node | string)[]): HTMLElement {
  const paragraph = Object.assign(document.createElement("span"), { className: "leave" });
  paragraph.append(...parts);
  return paragraph;
}

function link(text: string, href: string): HTMLElement {
  return Object.assign(document.createElement("a"), {
    textContent: text, href, target: "_blank", rel: "noreferrer", className: "link",
  });
}

function note(text: string, kind = "calm"): void {
  const at = byId("wallet-note");
  if (!at) return;
  at.textContent = text;
  at.className = `state ${kind}`;
  at.hidden = false;
  say(text);
}

function working(text: string): void {
  note(text);
  const button = byId("wallet-pay") as HTMLButtonElement | null;
  if (button) button.disabled = true;
}

function idle(): void {
  const button = byId("wallet-pay") as HTMLButtonElement | null;
  if (button) button.disabled = false;
}
