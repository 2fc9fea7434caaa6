// The live part of the checkout page. The server draws every state; this asks whether something changed, swaps the drawn
// part, counts down, copies, and follows the merchant's link when it is paid. Without it the page reloads itself.
(() => {
  "use strict";
  const POLL_MS = 3000;
  const SLOW_POLL_MS = 15000; // when nothing is about to change, nobody looks, or the server is in trouble
  const GIVE_UP_MS = 10000; // for one answer
  const FAILURES_SHOWN = 2;
  const REDIRECT_S = 10;

  const byId = (id) => document.getElementById(id);
  const main = () => document.querySelector("main");
  const data = () => main().dataset;

  let failures = 0;
  let busy = false; // an answer is awaited
  let timer = 0;
  let redirect = null; // {leftS, timer} while the customer is about to be taken away
  let serverAheadMs = Number(data().serverTime) - Date.now();

  // One polite live region, outside of what is swapped. The same words again would not be read out, so it is cleared first.
  function say(text) {
    byId("announcement").textContent = "";
    setTimeout(() => (byId("announcement").textContent = text), 50);
  }

  // ---- time, by the server's clock

  function clock(seconds) {
    const two = (number) => String(number).padStart(2, "0");
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor(seconds / 60) % 60;
    return hours ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  }

  function tick() {
    const shown = byId("countdown");
    if (!shown) return;
    const leftS = Math.max(0, Math.ceil((Number(data().expiresAt) - Date.now() - serverAheadMs) / 1000));
    shown.textContent = clock(leftS);
    byId("time-bar").value = leftS;
    if (leftS === 0 && failures === 0) poll({ redrawAnyway: true });
  }

  // ---- what has changed

  async function ask(url, type) {
    const answer = await fetch(url, { cache: "no-store", headers: { Accept: type }, signal: AbortSignal.timeout(GIVE_UP_MS) });
    if (!answer.ok) throw new Error(`The server answered with ${answer.status}.`);
    return answer;
  }

  function seenIn(intent) {
    const confirmations = intent.status === "processing" ? intent.confirmations : "";
    const facts = [intent.sequence, intent.status, intent.amount_received_sats, intent.finality, confirmations];
    return [...facts, intent.tx_ids.length].join("/");
  }

  async function poll({ redrawAnyway = false } = {}) {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    try {
      const intent = await (await ask(data().apiUrl, "application/json")).json();
      serverAheadMs = Date.parse(intent.server_time) - Date.now();
      if (redrawAnyway || seenIn(intent) !== data().seen) await redraw();
      failures = 0;
      byId("connection").hidden = true;
    } catch (error) {
      failures += 1;
      if (failures >= FAILURES_SHOWN) showTrouble(error);
    }
    busy = false;
    const slow = failures > 3 || document.hidden || data().busy !== "true";
    timer = setTimeout(poll, slow ? SLOW_POLL_MS : POLL_MS);
  }

  function showTrouble(error) {
    const reason = error.message.startsWith("The server") ? error.message : "The server cannot be reached.";
    byId("connection-reason").textContent = reason;
    if (byId("connection").hidden) say(`This page is not up to date. ${reason}`);
    byId("connection").hidden = false;
  }

  async function redraw() {
    const html = await (await ask(data().pageUrl, "text/html")).text();
    // The drawn part alone: the style of another answer has another nonce, which the policy of this page refuses.
    const start = html.indexOf("<main class=\"checkout\"");
    const end = html.indexOf("</main>", start) + "</main>".length;
    if (start < 0) throw new Error("The server sent something else.");
    const drawn = new DOMParser().parseFromString(html.slice(start, end), "text/html").querySelector("main");
    const before = { picture: data().picture, words: data().announcement, focus: document.activeElement };
    const open = [...document.querySelectorAll("details[open]")].map((details) => details.id);
    const hadFocus = main().contains(before.focus);
    main().replaceWith(drawn);
    document.title = drawn.dataset.title;
    for (const id of open) if (byId(id)) byId(id).open = true;
    if (before.words !== drawn.dataset.announcement) say(drawn.dataset.announcement);
    prepare();
    if (hadFocus) (byId(before.focus.id) || byId("state-title")).focus({ preventScroll: true });
    if (before.picture !== drawn.dataset.picture) byId("state").scrollIntoView({ block: "nearest" });
  }

  // ---- copying

  async function copy(button) {
    let word = "Copied";
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // No clipboard for pages without HTTPS: select the text, and try the old way.
      getSelection().selectAllChildren(byId(button.dataset.field));
      if (!document.execCommand("copy")) word = "Selected";
    }
    const label = button.firstElementChild;
    label.textContent = word;
    say(`${word}${button.lastElementChild.textContent}`);
    setTimeout(() => (label.textContent = "Copy"), 2000);
  }

  // ---- back to the merchant

  // Once per tab: who comes back to this page wants to see it.
  function firstTime() {
    try {
      const key = `sgate-taken-${data().id}`;
      const first = sessionStorage.getItem(key) === null;
      sessionStorage.setItem(key, "1");
      return first;
    } catch {
      return false; // without storage nobody could ever come back here
    }
  }

  function showRedirect() {
    const link = byId("return-link");
    if (redirect === null) {
      if (!link || !firstTime()) return;
      redirect = { leftS: REDIRECT_S, timer: setInterval(countRedirect, 1000) };
      say(`${data().announcement} You are taken back in ${REDIRECT_S} seconds, unless you choose to stay.`);
    }
    if (!link) return stopRedirect(); // a reorganisation took the confirmation back
    byId("redirect-note").hidden = false;
    byId("redirect-seconds").textContent = String(redirect.leftS);
  }

  function countRedirect() {
    redirect.leftS -= 1;
    if (redirect.leftS > 0) return showRedirect();
    const link = byId("return-link");
    stopRedirect();
    if (link) location.assign(link.href);
  }

  function stopRedirect() {
    clearInterval(redirect?.timer);
    redirect = null;
    if (byId("redirect-note")) byId("redirect-note").hidden = true;
  }

  // ---- begin

  function prepare() {
    for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
    const deadline = byId("deadline");
    if (deadline) {
      const form = { dateStyle: "medium", timeStyle: "short" };
      deadline.textContent = new Date(Number(data().expiresAt)).toLocaleString([], form);
    }
    showRedirect();
    tick();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.copy) copy(button);
    if (button?.id === "redirect-stop") {
      stopRedirect();
      byId("return-link").focus();
    }
  });
  document.addEventListener("visibilitychange", () => document.hidden || poll());
  addEventListener("online", () => poll());

  timer = setTimeout(poll, POLL_MS);
  prepare();
  setInterval(tick, 1000);
  if (byId("note")) say(byId("note").textContent);
})();
