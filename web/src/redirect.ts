// The redirect to the merchant after the payment. The customer can stop its countdown; a reorganization stops it too.
import { clock } from "./countdown";
import { framed } from "./embed";
import { announce, byId, data, remember, word } from "./page";

const REDIRECT_S = 10;

let leftS = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Start the countdown, or continue it after the page was updated. */
export function showRedirect(): void {
  const link = byId("return-link");
  if (!link) return stopRedirect(); // not paid, or a reorganization orphaned the payment
  if (timer === undefined) {
    // Redirect only once per tab, because a customer who comes back wants to see this page. Never redirect in a frame: the
    // embedding page decides what to do.
    if (framed || remember(`sgate-taken-${data().id}`, "1") !== null) return;
    leftS = REDIRECT_S;
    timer = setInterval(count, 1000);
    announce(`${data().announcement} ${word("leaving", { seconds: REDIRECT_S })}`);
  }
  show();
}

export function stopRedirect(): void {
  clearInterval(timer);
  timer = undefined;
  const note = byId("redirect-note");
  if (note) note.hidden = true;
}

function show(): void {
  const [note, seconds] = [byId("redirect-note"), byId("redirect-seconds")];
  if (note) note.hidden = false;
  if (seconds) seconds.textContent = clock(leftS);
}

function count(): void {
  leftS -= 1;
  if (leftS > 0) return show();
  const link = byId("return-link") as HTMLAnchorElement | null;
  stopRedirect();
  if (link) location.assign(link.href);
}
