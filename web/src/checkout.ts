// The checkout's script. The server draws every state; this keeps it up to date, counts down, copies, offers the wallet, and
// follows the merchant's link when it is paid. Whatever breaks here, the page the server drew stays usable.
import { copy, showCopyButtons } from "./copy";
import { showDeadline, tick } from "./countdown";
import { showCloseButton, startFrame, tellClose, tellStatus } from "./embed";
import { poll, stale, startLive, troubled } from "./live";
import { byId, data, say } from "./page";
import { showRedirect, stopRedirect } from "./redirect";
import { payAgain, payWithWallet, showWallet } from "./wallet_panel";

const RELOAD_MS = 10_000;

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

try {
  document.addEventListener("click", pressed);
  startFrame();
  prepare();
  startLive(prepare);
  setInterval(everySecond, 1000);
  const note = byId("note");
  if (note) say(note.textContent ?? "");
} catch (error) {
  console.error(error);
  // Without the script the page reloads itself; so it does with a broken one.
  if (data().busy === "true") setTimeout(() => location.reload(), RELOAD_MS);
}
