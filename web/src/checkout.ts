// The checkout's script. The server draws every state; this keeps it up to date, counts down, copies, offers the wallet, and
// follows the merchant's link when it is paid. Whatever breaks here, the page the server drew stays usable, and a few inline
// lines of checkout.html load it again as long as nobody has said that this runs.
import { copy, showCopyButtons } from "./copy";
import { showDeadline, tick } from "./countdown";
import { showCloseButton, startFrame, tellClose, tellStatus } from "./embed";
import { poll, stale, startLive, troubled } from "./live";
import { byId, say } from "./page";
import { showRedirect, stopRedirect } from "./redirect";
import { askAgain, payAgain, payWithWallet, showWallet } from "./wallet_panel";

/** After each drawing. One part that fails must not take the others with it. */
function prepare(): void {
  for (const part of [showCopyButtons, showDeadline, showWallet, showCloseButton, showRedirect, tellStatus, tick]) {
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
  else if (button.id === "close") tellClose();
  else if (button.id === "redirect-stop") {
    stopRedirect();
    byId("return-link")?.focus();
  }
}

function everySecond(): void {
  if ((tick() && !troubled()) || stale()) void poll(true);
}

document.addEventListener("click", pressed);
startFrame();
prepare();
startLive(prepare);
setInterval(everySecond, 1000);
document.documentElement.dataset.alive = "true";
say(byId("note")?.textContent ?? "");
