// The script of the checkout page. The server renders every state. The script keeps the page up to date, shows the countdown,
// copies texts, offers payment with a wallet, and redirects to the merchant after the payment. If the script fails to start,
// `data-alive` is not set. The rendered page stays usable, and the inline script of again.html reloads it.
import { copy, showCopyButtons } from "./copy";
import { showDeadline, tick } from "./countdown";
import { notifyClose, notifyStatus, showCloseButton, startFrame } from "./embed";
import { failing, poll, stale, startLive } from "./live";
import { announce, byId } from "./page";
import { showRedirect, stopRedirect } from "./redirect";
import { askAgain, payAgain, payWithWallet, showWallet } from "./wallet_panel";

/** Set up the page. Called after each rendering. If setting up one part fails, the others are not affected. */
function prepare(): void {
  for (const part of [showCopyButtons, showDeadline, showWallet, showCloseButton, showRedirect, notifyStatus, tick]) {
    try {
      part();
    } catch (error) {
      console.error(error);
    }
  }
}

function pressed(event: MouseEvent): void {
  const button = (event.target as Element).closest("button");
  if (!button) return;
  if (button.dataset.copy) void copy(button);
  else if (button.id === "wallet-pay") void payWithWallet();
  else if (button.dataset.wallet) void payWithWallet(button.dataset.wallet);
  else if (button.id === "wallet-ask-again") askAgain();
  else if (button.id === "wallet-again") payAgain();
  else if (button.id === "close") notifyClose();
  else if (button.id === "redirect-stop") {
    stopRedirect();
    byId("return-link")?.focus();
  }
}

function everySecond(): void {
  if ((tick() && !failing()) || stale()) void poll(true);
}

document.addEventListener("click", pressed);
startFrame();
prepare();
startLive(prepare);
setInterval(everySecond, 1000);
document.documentElement.dataset.alive = "true";
announce(byId("note")?.textContent ?? "");
