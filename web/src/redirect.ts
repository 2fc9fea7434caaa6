// Back to the merchant once it is paid: a countdown that can be stopped, and that a reorganisation stops.
import { clock } from "./countdown";
import { framed } from "./embed";
import { byId, data, remember, say, word } from "./page";

const REDIRECT_S = 10;

let leftS = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** Begin, or go on after the page was drawn anew. */
export function showRedirect(): void {
  const link = byId("return-link");
  if (!link) return stopRedirect(); // not paid, or a reorganisation took the confirmation back
  if (timer === undefined) {
    // Once per tab: who comes back to this page wants to see it. A frame leaves it to the page around it.
    if (framed || remember(`sgate-taken-${data().id}`, "1") !== null) return;
    leftS = REDIRECT_S;
    timer = setInterval(count, 1000);
    say(`${data().announcement} ${word("leaving", { seconds: REDIRECT_S })}`);
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
