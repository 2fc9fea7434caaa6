// The countdown. It uses the server's clock, because the customer's clock may be hours off.
import { byId, data } from "./page";

let serverAheadMs = Number(data().serverTime) - Date.now();

export function setServerTime(iso: string): void {
  serverAheadMs = Date.parse(iso) - Date.now();
}

/** Format seconds as `14:59` or `23:59:59`. */
export function clock(seconds: number): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** Show the remaining time. Returns whether it has run out. */
export function tick(): boolean {
  const shown = byId("countdown");
  if (!shown) return false;
  const leftS = Math.max(0, Math.ceil((Number(data().expiresAt) - Date.now() - serverAheadMs) / 1000));
  shown.textContent = clock(leftS);
  (byId("time-bar") as HTMLProgressElement).value = leftS;
  return leftS === 0;
}

/** Show the deadline in the customer's time zone, with Latin digits. The date is shown only if it is not today. */
export function showDeadline(): void {
  const deadline = byId("deadline");
  if (!deadline) return;
  const at = new Date(Number(data().expiresAt));
  const today = at.toDateString() === new Date(Date.now() + serverAheadMs).toDateString();
  const format: Intl.DateTimeFormatOptions = { ...(today ? {} : { dateStyle: "medium" }), timeStyle: "short", numberingSystem: "latn" };
  deadline.textContent = at.toLocaleString(document.documentElement.lang, format);
}
