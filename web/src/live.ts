// Live updates. The server streams changes. Without a stream, the page polls every three seconds. The server renders every
// state: after a change, the script fetches the rendered part of the page and replaces the old part.
import { setServerTime } from "./countdown";
import { announce, byId, data, main, word } from "./page";

const POLL_MS = 3000;
const STREAMING_POLL_MS = 30_000; // a stream may have died silently
const SLOW_POLL_MS = 15_000; // when no change is expected, the page is hidden, or the server fails
const GIVE_UP_MS = 10_000; // per request
const REOPEN_MS = 30_000; // after the server refused the stream
const STALE_MS = 60_000; // after this time the page is fetched again, because it also shows data that changes without the payment
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

/** Return the facts that determine the rendered state, as text. The server writes the same text into `data-seen`. */
export function seenIn(intent: Intent): string {
  const confirmations = intent.status === "processing" ? intent.confirmations : "";
  const { sequence, status, amount_received_sats, finality, tx_ids } = intent;
  return [sequence, status, amount_received_sats, finality, confirmations, tx_ids.length].join("/");
}

let afterRender: () => void = () => undefined;
let failures = 0;
let working = false;
let pollAgain = false;
let streaming = false;
let renderedAt = Date.now();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Start live updates. `afterReplacing` is called each time after the rendered part was replaced. */
export function startLive(afterReplacing: () => void): void {
  afterRender = afterReplacing;
  schedule();
  if ("EventSource" in window) listen();
  document.addEventListener("visibilitychange", () => document.hidden || void poll());
  addEventListener("online", () => void poll());
}

export const failing = (): boolean => failures > 0;

export const stale = (): boolean => data().busy === "true" && Date.now() - renderedAt > STALE_MS;

/** Poll once. Update the page if something changed, or if `always` is true. Only one request runs at a time. */
export async function poll(always = false): Promise<void> {
  await work(async () => apply(await (await request(data().apiUrl!, "application/json")).json(), always));
}

function listen(): void {
  const source = new EventSource(data().eventsUrl!);
  source.addEventListener("payment_intent", (event) => {
    streaming = true;
    void work(() => apply(JSON.parse(event.data), false));
  });
  source.onerror = () => {
    streaming = false;
    schedule();
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, REOPEN_MS);
  };
}

async function apply(intent: Intent, always: boolean): Promise<void> {
  setServerTime(intent.server_time);
  if (always || seenIn(intent) !== data().seen) await update();
}

async function work(step: () => Promise<void>): Promise<void> {
  if (working) {
    pollAgain = true;
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
    if (failures >= FAILURES_SHOWN) showError(error instanceof ErrorResponse ? error.message : word("unreachable"));
  }
  working = false;
  if (pollAgain) {
    pollAgain = false;
    void poll();
  } else schedule();
}

function schedule(): void {
  clearTimeout(timer);
  const slow = failures > 3 || document.hidden || data().busy !== "true";
  timer = setTimeout(() => void poll(), streaming && !failures ? STREAMING_POLL_MS : slow ? SLOW_POLL_MS : POLL_MS);
}

class ErrorResponse extends Error {}

async function request(url: string, type: string): Promise<Response> {
  const response = await fetch(url, { cache: "no-store", headers: { Accept: type }, signal: AbortSignal.timeout(GIVE_UP_MS) });
  if (!response.ok) throw new ErrorResponse(word("refused", { status: response.status }));
  return response;
}

function showError(reason: string): void {
  const [notice, shown] = [byId("connection"), byId("connection-reason")];
  if (!notice || !shown) return;
  shown.textContent = reason;
  if (notice.hidden) announce(`${word("outdated")} ${reason}`);
  notice.hidden = false;
}

async function update(): Promise<void> {
  const html = await (await request(data().slipUrl!, "text/html")).text();
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector<HTMLElement>("main.checkout");
  if (!fresh) throw new ErrorResponse(word("unreachable"));
  const before = { picture: data().picture, announcement: data().announcement, focus: document.activeElement };
  const open = [...document.querySelectorAll<HTMLDetailsElement>("details[open]")].map((details) => details.id);
  const checked = document.querySelector<HTMLInputElement>("input[name=code]:checked")?.id;
  const hadFocus = main().contains(before.focus);
  main().replaceWith(fresh);
  renderedAt = Date.now();
  document.title = fresh.dataset.title ?? document.title;
  for (const id of open) byId(id)?.setAttribute("open", "");
  const code = checked ? (byId(checked) as HTMLInputElement | null) : null;
  if (code) code.checked = true;
  if (before.announcement !== fresh.dataset.announcement) announce(fresh.dataset.announcement ?? "");
  afterRender();
  if (hadFocus) (byId(before.focus?.id ?? "") ?? byId("state-title"))?.focus({ preventScroll: true });
  if (before.picture !== fresh.dataset.picture) byId("state")?.scrollIntoView({ block: "nearest" });
}
