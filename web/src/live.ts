// What has changed: the server streams it; where streams do not get through, the page asks every three seconds. The server
// draws every state, so a change means fetching the drawn part and putting it in place of the old one.
import { setServerTime } from "./countdown";
import { byId, data, main, say, word } from "./page";

const POLL_MS = 3000;
const STREAMING_POLL_MS = 30_000; // a stream may have died without a word
const SLOW_POLL_MS = 15_000; // when nothing is about to change, nobody looks, or the server is in trouble
const GIVE_UP_MS = 10_000; // for one answer
const REOPEN_MS = 30_000; // after the server refused a stream
const STALE_MS = 60_000; // then what is drawn is fetched again, for what is no change of the payment itself
const FAILURES_SHOWN = 2;

interface Intent {
  sequence: number;
  status: string;
  amount_received_sats: number;
  finality: string | null;
  confirmations: number;
  tx_ids: string[];
  server_time: string;
}

/** The facts that decide what is drawn; the server writes the same into `data-seen`. */
export function seenIn(intent: Intent): string {
  const confirmations = intent.status === "processing" ? intent.confirmations : "";
  const { sequence, status, amount_received_sats, finality, tx_ids } = intent;
  return [sequence, status, amount_received_sats, finality, confirmations, tx_ids.length].join("/");
}

let drawn: () => void = () => undefined;
let failures = 0;
let working = false;
let again = false;
let streaming = false;
let drawnAt = Date.now();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Begin. `afterDrawing` is called each time the drawn part was put in place. */
export function startLive(afterDrawing: () => void): void {
  drawn = afterDrawing;
  plan();
  if ("EventSource" in window) listen();
  document.addEventListener("visibilitychange", () => document.hidden || void poll());
  addEventListener("online", () => void poll());
}

export const troubled = (): boolean => failures > 0;

export const stale = (): boolean => data().busy === "true" && Date.now() - drawnAt > STALE_MS;

/** Ask once, and draw if something changed (or `redraw` says so). One question at a time. */
export async function poll(redraw = false): Promise<void> {
  await work(async () => take(await (await ask(data().apiUrl!, "application/json")).json(), redraw));
}

function listen(): void {
  const source = new EventSource(data().eventsUrl!);
  source.addEventListener("payment_intent", (event) => {
    streaming = true;
    void work(() => take(JSON.parse(event.data), false));
  });
  source.onerror = () => {
    streaming = false;
    plan();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, REOPEN_MS);
  };
}

async function take(intent: Intent, redraw: boolean): Promise<void> {
  setServerTime(intent.server_time);
  if (redraw || seenIn(intent) !== data().seen) await draw();
}

async function work(step: () => Promise<void>): Promise<void> {
  if (working) {
    again = true;
    return;
  }
  working = true;
  clearTimeout(timer);
  try {
    await step();
    failures = 0;
    const notice = byId("connection");
    if (notice) notice.hidden = true;
  } catch (error) {
    failures += 1;
    if (failures >= FAILURES_SHOWN) showTrouble(error instanceof Refused ? error.message : word("unreachable"));
  }
  working = false;
  if (again) {
    again = false;
    void poll();
  } else plan();
}

function plan(): void {
  clearTimeout(timer);
  const slow = failures > 3 || document.hidden || data().busy !== "true";
  timer = setTimeout(() => void poll(), streaming && !failures ? STREAMING_POLL_MS : slow ? SLOW_POLL_MS : POLL_MS);
}

class Refused extends Error {}

async function ask(url: string, type: string): Promise<Response> {
  const answer = await fetch(url, { cache: "no-store", headers: { Accept: type }, signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (!answer.ok) throw new Refused(word("refused", { status: answer.status }));
  return answer;
}

function showTrouble(reason: string): void {
  const [notice, shown] = [byId("connection"), byId("connection-reason")];
  if (!notice || !shown) return;
  shown.textContent = reason;
  if (notice.hidden) say(`${word("outdated")} ${reason}`);
  notice.hidden = false;
}

async function draw(): Promise<void> {
  const html = await (await ask(data().slipUrl!, "text/html")).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("main.checkout");
  if (!fresh) throw new Refused(word("unreachable"));
  const before = { picture: data().picture, words: data().announcement, focus: document.activeElement };
  const open = [...document.querySelectorAll<HTMLDetailsElement>("details[open]")].map((details) => details.id);
  const checked = document.querySelector<HTMLInputElement>("input[name=code]:checked")?.id;
  const hadFocus = main().contains(before.focus);
  main().replaceWith(fresh);
  drawnAt = Date.now();
  document.title = fresh.dataset.title ?? document.title;
  for (const id of open) byId(id)?.setAttribute("open", "");
  const code = checked ? (byId(checked) as HTMLInputElement | null) : null;
  if (code) code.checked = true;
  if (before.words !== fresh.dataset.announcement) say(fresh.dataset.announcement ?? "");
  drawn();
  if (hadFocus) (byId(before.focus?.id ?? "") ?? byId("state-title"))?.focus({ preventScroll: true });
  if (before.picture !== fresh.dataset.picture) byId("state")?.scrollIntoView({ block: "nearest" });
}
